/**
 * A cluster that runs attempts, second by second, as a model: what waits for what when thousands of sandboxes start, work and end. Everything that is a number of
 * the world stands in `FLEET`, with where it comes from.
 */

/** A cluster of Assay's size and what is known about its parts. */
export const FLEET = {
  nodes: 80,
  /** 64 CPUs and 256 GiB at 0.5 CPU and 2 GiB per sandbox. */
  slotsPerNode: 125,
  /** SWE-bench Verified has 500 images. */
  images: 500,
  attemptsPerImage: 60,
  /** Median and spread (of the logarithm) of an attempt, in seconds, and the limit at which it is ended. */
  attemptSeconds: 1_200,
  attemptSpread: 0.5,
  attemptLimit: 3_600,
  /** Seconds between two actions of one agent. */
  actionEvery: 10,
  /** Of all orchestrators together; the lab's API server, scheduler and one node made 50 to 88 on two cores. */
  createsPerSecond: 80,
  /** Containers that a node starts per second: about 3 on two cores, and bound by its runtime, not by cores, from there on. */
  startsPerNodeSecond: 3,
  /** Writes to etcd in the life of a pod: creation, binding, four statuses, deletion and its marks, an event for each step. */
  writesPerPod: 10,
  /** Of each pod that orchestrators are told. */
  watchEventsPerPod: 6,
  watchEventBytes: 6_000,
  /** Of an open exec stream at the API server, from a leak of 71,816 of them. */
  streamBytes: 150_000,
  /** New exec streams per second that the API servers take: TLS, authorization, two hops. */
  reconnectsPerSecond: 300,
  nodeBytesPerSecond: 0.25e9,
  registryBytesPerSecond: 1.25e9,
  /** Of an image that shares nothing with others, and of one on common bases. */
  wholeImageBytes: 2.5e9,
  ownPartBytes: 0.3e9,
  sharedBaseBytes: 1.2e9,
  sharedBases: 12,
  dollarsPerNodeHour: 3,
} as const;

export interface Scenario {
  name: string;
  sandboxes: number;
  /** `spread`: the emptiest node; `routed`: each image has few nodes that come first, and any other when those are full. */
  placement: 'spread' | 'routed';
  /** Images stand on a dozen common bases, as environments built in layers do. */
  sharedBases: boolean;
  /** Inside of the cluster: what one node has pulled, others get without the registry. */
  mirror: boolean;
}

export interface Outcome {
  /** Until as many sandboxes work as may, or null when they never did. */
  secondsToFull: number | null;
  secondsInAll: number;
  /** Of the sandbox-seconds that were there, from start to end, those in which an agent worked. */
  use: number;
  registryTerabytes: number;
  /** On the fullest node. */
  nodeDiskGigabytes: number;
  peakWritesPerSecond: number;
  steadyWritesPerSecond: number;
  actionsPerSecond: number;
  watchMegabytesPerSecond: number;
  streamGigabytes: number;
  /** Until all streams stand again after all were cut at once. */
  secondsToReconnect: number;
  /** The same if all waited for exactly as long. */
  secondsToReconnectInStep: number;
  dollars: number;
  centsPerSandboxHour: number;
}

interface Node {
  /** Images of pods whose container has not started. */
  waiting: number[];
  running: number;
  /** How many end in which second. */
  ends: Map<number, number>;
  pulling: { image: number; bytes: number; fromRegistry: boolean }[];
  blobs: Set<string>;
  bytes: number;
}

/** Deterministic: equal seeds give equal outcomes. */
export function simulateFleet(scenario: Scenario, seed = 7): Outcome {
  const random = generator(seed);
  const nodeCount = Math.ceil(scenario.sandboxes / FLEET.slotsPerNode);
  const nodes = Array.from({ length: nodeCount }, emptyNode);
  const queue = orderOfAttempts();
  const inCluster = new Set<string>();
  const orders = new Map<number, number[]>();
  const total = queue.length;
  let done = 0;
  let second = 0;
  let fullAt: number | null = null;
  let registryBytes = 0;
  let peakWrites = 0;
  let worked = 0;
  let steady = { writes: 0, seconds: 0 };
  let live = 0;
  while (done < total) {
    const created = createPods();
    pull();
    const started = startContainers();
    const ended = endAttempts();
    done += ended;
    worked += workingNow();
    const writes = created * 4 + started * 4 + ended * 2;
    peakWrites = Math.max(peakWrites, writes);
    if (fullAt === null && workingNow() >= 0.98 * scenario.sandboxes) fullAt = second;
    if (fullAt !== null && queue.length > 0) steady = { writes: steady.writes + writes, seconds: steady.seconds + 1 };
    second++;
  }
  const dollars = (nodeCount * FLEET.dollarsPerNodeHour * second) / 3600;
  const churn = steady.seconds === 0 ? 0 : steady.writes / steady.seconds;
  return {
    secondsToFull: fullAt,
    secondsInAll: second,
    use: worked / (scenario.sandboxes * second),
    registryTerabytes: registryBytes / 1e12,
    nodeDiskGigabytes: Math.max(...nodes.map(({ bytes }) => bytes)) / 1e9,
    peakWritesPerSecond: peakWrites,
    steadyWritesPerSecond: churn,
    actionsPerSecond: scenario.sandboxes / FLEET.actionEvery,
    watchMegabytesPerSecond: ((churn / FLEET.writesPerPod) * FLEET.watchEventsPerPod * FLEET.watchEventBytes) / 1e6,
    streamGigabytes: (scenario.sandboxes * FLEET.streamBytes) / 1e9,
    secondsToReconnect: secondsToReconnect(scenario.sandboxes, random, true),
    secondsToReconnectInStep: secondsToReconnect(scenario.sandboxes, random, false),
    dollars,
    centsPerSandboxHour: (100 * dollars) / (worked / 3600),
  };

  function workingNow(): number {
    return nodes.reduce((sum, node) => sum + node.running, 0);
  }

  /** As many as the pace and the free places allow; each finds its node at once. */
  function createPods(): number {
    let made = 0;
    while (made < FLEET.createsPerSecond && live < scenario.sandboxes && queue.length > 0) {
      const image = queue.shift() ?? 0;
      const node = placeOf(image);
      node.waiting.push(image);
      for (const blob of blobsOf(image)) {
        if (node.blobs.has(blob.name)) continue;
        node.blobs.add(blob.name);
        node.bytes += blob.bytes;
        const fromRegistry = !(scenario.mirror && inCluster.has(blob.name));
        inCluster.add(blob.name);
        node.pulling.push({ image, bytes: blob.bytes, fromRegistry });
      }
      made++;
      live++;
    }
    return made;
  }

  function placeOf(image: number): Node {
    const isFree = (node: Node) => podsOn(node) < FLEET.slotsPerNode;
    const emptiest = () => nodes.reduce((a, b) => (podsOn(b) < podsOn(a) ? b : a));
    if (scenario.placement === 'spread') return emptiest();
    return ranked(image).find(isFree) ?? emptiest();
  }

  /** Rendezvous hashing: each image has an order of nodes of its own, which hardly changes when nodes come and go. */
  function ranked(image: number): Node[] {
    const order = orders.get(image) ?? nodes.map((_, at) => at).sort((a, b) => weight(image, b) - weight(image, a));
    orders.set(image, order);
    return order.flatMap((at) => nodes[at] ?? []);
  }

  /** All nodes pull at once and share what the registry gives. */
  function pull(): void {
    const fromRegistry = nodes.filter(({ pulling }) => pulling[0]?.fromRegistry === true).length;
    const share = fromRegistry === 0 ? 0 : FLEET.registryBytesPerSecond / fromRegistry;
    for (const { pulling } of nodes) {
      let room = FLEET.nodeBytesPerSecond;
      let registryRoom = Math.min(room, share);
      for (let first = pulling[0]; first !== undefined && room > 0; first = pulling[0]) {
        const taken = Math.min(first.bytes, first.fromRegistry ? registryRoom : room);
        if (taken <= 0) break;
        first.bytes -= taken;
        room -= taken;
        if (first.fromRegistry) {
          registryRoom -= taken;
          registryBytes += taken;
        }
        if (first.bytes > 0) break;
        pulling.shift();
      }
    }
  }

  function startContainers(): number {
    let started = 0;
    for (const node of nodes) {
      if (node.waiting.length === 0) continue;
      const missing = new Set(node.pulling.map(({ image }) => image));
      for (let n = 0; n < FLEET.startsPerNodeSecond; n++) {
        const at = node.waiting.findIndex((image) => !missing.has(image));
        if (at < 0) break;
        node.waiting.splice(at, 1);
        node.running++;
        const end = second + Math.ceil(attemptSeconds(random));
        node.ends.set(end, (node.ends.get(end) ?? 0) + 1);
        started++;
      }
    }
    return started;
  }

  function endAttempts(): number {
    let ended = 0;
    for (const node of nodes) {
      const now = node.ends.get(second) ?? 0;
      node.ends.delete(second);
      node.running -= now;
      ended += now;
    }
    live -= ended;
    return ended;
  }

  function blobsOf(image: number): { name: string; bytes: number }[] {
    if (!scenario.sharedBases) return [{ name: `image ${image}`, bytes: FLEET.wholeImageBytes }];
    return [
      { name: `base ${image % FLEET.sharedBases}`, bytes: FLEET.sharedBaseBytes },
      { name: `image ${image}`, bytes: FLEET.ownPartBytes },
    ];
  }
}

function emptyNode(): Node {
  return { waiting: [], running: 0, ends: new Map(), pulling: [], blobs: new Set(), bytes: 0 };
}

function podsOn(node: Node): number {
  return node.waiting.length + node.running;
}

/** Instance after instance for routed images to be of use, as `assay run` takes them. */
function orderOfAttempts(): number[] {
  const images = Array.from({ length: FLEET.images }, (_, image) => image);
  return images.flatMap((image) => Array.from({ length: FLEET.attemptsPerImage }, () => image));
}

/** Each stream tries after 50 ms, then after twice as long each time, up to 5 s, half as long or half as long again by chance; the servers take so many per second. */
function secondsToReconnect(streams: number, random: () => number, jitter: boolean): number {
  let waiting = Array.from({ length: streams }, () => ({ at: 0.05 * (1 + random()), wait: 0.05 }));
  let seconds = 0;
  while (waiting.length > 0) {
    seconds++;
    let room: number = FLEET.reconnectsPerSecond;
    waiting = waiting.filter((one) => {
      if (one.at > seconds) return true;
      if (room > 0) {
        room--;
        return false;
      }
      one.wait = Math.min(2 * one.wait, 5);
      one.at = seconds + one.wait * (jitter ? 0.5 + random() : 1);
      return true;
    });
  }
  return seconds;
}

function weight(image: number, node: number): number {
  let hash = Math.imul(image + 1, 0x9e3779b1) ^ Math.imul(node + 1, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function attemptSeconds(random: () => number): number {
  return Math.min(FLEET.attemptLimit, FLEET.attemptSeconds * Math.exp(FLEET.attemptSpread * gaussian(random)));
}

function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** mulberry32: small, and the same on every machine. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
