/** One pod from its creation to its end, as the watch tells of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AssayError } from '../../contracts/index.ts';
import { ApiError } from './api-client.ts';
import type { Cluster } from './cluster.ts';
import { clusterRefusal } from './cluster-refusal.ts';
import { type ExecEnd, type ExecStream, openExec } from './exec-stream.ts';
import { createError, type PodFailure, podFailure } from './pod-failure.ts';
import { PodMaker, type PodWish } from './pod-maker.ts';
import { AGENT, SESSION } from './pod-spec.ts';
import { CONTAINER, isRunning, type PodView } from './pod-view.ts';
import { SessionStream } from './session-stream.ts';

/** An obstacle that the cluster still tries to overcome counts as an end after this time. */
const OBSTACLE_MS = 120_000;
/** A node that has not even taken a pod on is not there, though the cluster may still believe in it. */
const TAKING_MS = 90_000;
/** A node that does not answer keeps its pods in the cluster's books: they are struck out after so many looks. */
const REMOVAL = { looks: 4, everyMs: 5_000 };
/** For a program that answers at once. */
const RUN_MS = 30_000;
export class SandboxPod {
  readonly name: string;
  /** Resolves when a pod that ran does so no more, unless it was removed by `remove`. */
  readonly failed: Promise<PodFailure>;
  private readonly cluster: Cluster;
  private readonly maker: PodMaker;
  /** Of its start. */
  private readonly signal: AbortSignal | undefined;
  private readonly unobserve: () => void;
  private latest: PodView | undefined;
  private refused: ApiError | undefined;
  private ran = false;
  private removing = false;
  private resolveRunning: (failure?: PodFailure) => void = () => {};
  private rejectRunning: (error: Error) => void = () => {};
  private resolveFailed: (failure: PodFailure) => void = () => {};
  private resolveGone: () => void = () => {};
  private readonly running: Promise<PodFailure | undefined>;
  private readonly gone: Promise<void>;

  private constructor(cluster: Cluster, name: string, signal: AbortSignal | undefined) {
    this.cluster = cluster;
    this.maker = new PodMaker(cluster);
    this.name = name;
    this.signal = signal;
    this.running = new Promise((resolve, reject) => {
      this.resolveRunning = resolve;
      this.rejectRunning = reject;
    });
    this.running.catch(() => {}); // whoever waits for it is told
    this.failed = new Promise((resolve) => {
      this.resolveFailed = resolve;
    });
    this.gone = new Promise((resolve) => {
      this.resolveGone = resolve;
    });
    this.unobserve = cluster.watch.observe(name, {
      changed: (seen) => this.see(seen),
      refused: (error) => this.rejectRunning(clusterRefusal('to tell what becomes of pods', error)),
    });
  }

  /** Resolves when its agent runs. Throws what the pod's obstacle means, `cancelled` when the signal ends the wait; nothing is left then. */
  static start(cluster: Cluster, wish: PodWish, signal?: AbortSignal): Promise<SandboxPod> {
    return cluster.starting.pass(async () => {
      cluster.demandWanted(signal);
      const pod = new SandboxPod(cluster, wish.name, signal);
      try {
        await pod.maker.make(wish, signal);
        const failure = await pod.waitUntilRunning();
        if (failure !== undefined) throw createError(wish.name, failure);
        cluster.rate.wentWell();
        return pod;
      } catch (error) {
        await pod.remove().catch(() => {}); // the cluster removes it with its owner
        throw error;
      }
    });
  }

  /** As the node says it, once it runs. */
  get imageId(): string {
    return this.latest?.status.containerStatuses.find(({ name }) => name === CONTAINER)?.imageID ?? '';
  }

  /** The name of its node, once it has one. */
  get node(): string {
    return this.latest?.spec?.nodeName ?? '';
  }

  /** Why the cluster lets nobody into it, if it does not. */
  get refusal(): AssayError | undefined {
    return this.refused === undefined ? undefined : clusterRefusal('an exec stream', this.refused);
  }

  /** Bytes to and from its agent, whatever happens to connections. */
  openSession(): SessionStream {
    return new SessionStream({
      patienceMs: this.cluster.settings.orphanSeconds * 1000,
      isFinal: (error) => isForbidden(error) && this.cluster.client.isSettled,
      connect: async (onOutput) => {
        const stream = await this.exec([AGENT, 'relay', SESSION], onOutput);
        const ended = stream.ended.then(({ message, exitCode }) => message || `the relay ended with ${exitCode}`);
        return { send: stream.send, close: stream.close, ended };
      },
    });
  }

  /** Runs a short program beside the agent, to its end; null as its code when it does not end. For what the agent is not asked: see `container-agent/agent.c`. */
  async run(argv: readonly string[]): Promise<ExecEnd & { output: string }> {
    const chunks: Buffer[] = [];
    const stream = await this.exec(argv, (bytes) => chunks.push(bytes));
    const late = setTimeout(stream.close, RUN_MS);
    const end = await stream.ended;
    clearTimeout(late);
    return { ...end, output: Buffer.concat(chunks).toString() };
  }

  /** Resolves when its containers are gone; when its node does not answer, when the cluster has struck it out. Idempotent. */
  async remove(): Promise<void> {
    this.removing = true;
    try {
      // More than once: the watch may be away, and never have seen a pod that lived for a moment.
      for (let look = 0; look < REMOVAL.looks; look++) {
        if (await this.maker.remove(this.name)) return;
        if ((await within(REMOVAL.everyMs, this.gone)) !== 'late') return;
      }
      await this.maker.strikeOut(this.name);
    } finally {
      this.unobserve();
    }
  }

  private see(pod: PodView | undefined): void {
    if (pod === undefined) {
      this.resolveGone();
      this.end({ kind: 'removed', message: 'it was deleted', passing: false });
      return;
    }
    this.latest = pod;
    const failure = podFailure(pod);
    if (failure !== undefined && !failure.passing) this.end(failure);
    else if (isRunning(pod)) {
      this.ran = true;
      this.resolveRunning();
    }
  }

  private end(failure: PodFailure): void {
    if (this.removing) return;
    if (this.ran) this.resolveFailed(failure);
    else this.resolveRunning(failure);
  }

  private async waitUntilRunning(): Promise<PodFailure | undefined> {
    const { scheduleSeconds, pullSeconds } = this.cluster.settings;
    const started = Date.now();
    let scheduledAt: number | undefined;
    let hinderedAt: number | undefined;
    for (;;) {
      const answer = await within(1000, this.running);
      if (answer !== 'late') return answer;
      this.cluster.demandWanted(this.signal);
      const now = Date.now();
      if (this.latest?.spec?.nodeName !== undefined) scheduledAt ??= now;
      const obstacle = this.latest === undefined ? undefined : podFailure(this.latest);
      const hindered = obstacle !== undefined && obstacle.kind !== 'unschedulable';
      hinderedAt = hindered ? (hinderedAt ?? now) : undefined;
      const onNode = scheduledAt === undefined ? 0 : now - scheduledAt;
      if (onNode > TAKING_MS && this.latest?.status.startTime === undefined) return untaken(this.latest);
      const late = scheduledAt === undefined ? now - started > scheduleSeconds * 1000 : onNode > pullSeconds * 1000;
      if (!late && (hinderedAt === undefined || now - hinderedAt < OBSTACLE_MS)) continue;
      return obstacle ?? tooLate(this.latest, { scheduleSeconds, pullSeconds });
    }
  }

  private async exec(argv: readonly string[], onOutput: (bytes: Buffer) => void): Promise<ExecStream> {
    const { client, namespace } = this.cluster;
    try {
      return await openExec(client.access, { namespace, pod: this.name, container: CONTAINER, argv, onOutput });
    } catch (error) {
      if (isForbidden(error)) this.refused = error;
      else this.cluster.client.wasAway();
      throw error;
    }
  }
}

/** Keeps this process alive meanwhile: watches and streams that are cut do not. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | 'late'> {
  const timer = new AbortController();
  try {
    return await Promise.race([promise, sleep(ms, 'late' as const, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}

function isForbidden(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 403;
}

function tooLate(pod: PodView | undefined, seconds: { scheduleSeconds: number; pullSeconds: number }): PodFailure {
  const { scheduleSeconds, pullSeconds } = seconds;
  if (pod === undefined) {
    return { kind: 'unschedulable', message: `nobody told of it within ${scheduleSeconds} s`, passing: false };
  }
  return pod.spec?.nodeName === undefined
    ? { kind: 'unschedulable', message: `no node took it within ${scheduleSeconds} s`, passing: false }
    : { kind: 'image-pull', message: `its node did not bring it up within ${pullSeconds} s`, passing: false };
}

function untaken(pod: PodView | undefined): PodFailure {
  const message = `node ${pod?.spec?.nodeName} has not taken it on within ${TAKING_MS / 1000} s`;
  return { kind: 'node-lost', message, passing: false };
}
