import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assayPaths } from '../../base/paths.ts';
import { AssayError } from '../../contracts/index.ts';
import { parseHostRule } from '../../sandbox/host-list.ts';
import type { SpecPolicy } from '../../serve/control/spec-policy.ts';
import { attachKeeper, type KeeperPlace } from '../../serve/keeper/attach-keeper.ts';
import type { KeeperLink } from '../../serve/keeper/keeper-link.ts';
import type { KeeperSettings } from '../../serve/keeper/keeper-protocol.ts';
import { regainKeeper } from '../../serve/keeper/regain-keeper.ts';
import { KeyStore } from '../../serve/keys/key-store.ts';
import { type Listener, startListener } from '../../serve/listener/listener.ts';
import { defineCommand } from '../flag.ts';
import { type OpenPages, openPages } from '../open-pages.ts';
import { print, surviveFullLog, tell } from '../output.ts';
import { parseBytes } from '../parse-bytes.ts';
import { BACKEND_FLAGS, clusterSettingsPath } from '../sandbox-flags.ts';
import { assayVersion } from '../version.ts';
import { warnOfLooseKeys } from '../warn-of-loose-keys.ts';

const DEFAULT_PORT = 8620;
const PLACES_PER_CPU = 16;
const DAY_SECONDS = 86_400;
const MOST_PIDS = 32_768;
const DRAIN_POLL_MS = 200;
/** Where pages are served beside the sandboxes: on any free port. */
const PAGES = { host: '127.0.0.1', port: 0, names: [], control: 'local' };

export const serveCommand = defineCommand({
  name: 'serve',
  summary: 'sandboxes of this machine, or of a cluster, over HTTP, for many clients',
  description:
    'Clients need an account key (`assay keys add`). The first SIGTERM or SIGINT starts nothing more and waits for the sandboxes that live; the second ends them. SIGHUP, or a kill, ends the listener only: the sandboxes go on for --hold-seconds, and the next `assay serve` takes them over.',
  arguments: [],
  flags: {
    host: { kind: 'string', default: '127.0.0.1', help: 'address to listen on' },
    port: {
      kind: 'integer',
      default: DEFAULT_PORT,
      min: 0,
      max: 65_535,
      help: 'port to listen on; 0: any that is free',
    },
    publicUrl: { kind: 'string', placeholder: 'url', help: 'where clients reach the server, behind a proxy' },
    runtimeUrl: {
      kind: 'string',
      placeholder: 'url',
      help: 'where OpenHands clients reach a runtime, with {id} in the name of the host (default: below the public URL)',
    },
    runtimeHost: {
      kind: 'strings',
      placeholder: 'host',
      help: "hosts that sandboxes of OpenHands clients may reach, such as the model's (default: none)",
    },
    tlsCert: { kind: 'string', placeholder: 'file', help: 'certificate chain (PEM), for TLS without a proxy' },
    tlsKey: { kind: 'string', placeholder: 'file', help: 'its private key (PEM)' },
    maxSandboxes: { kind: 'integer', min: 1, help: 'live sandboxes of all keys together (default: 16 per CPU)' },
    maxMemory: { kind: 'string', default: '16G', placeholder: 'bytes', help: 'most memory of one sandbox' },
    maxCpus: { kind: 'number', min: 0.1, help: 'most CPUs of one sandbox (default: those of this machine)' },
    maxLayers: { kind: 'string', default: '64G', placeholder: 'bytes', help: 'most bytes of all layers of one key' },
    maxDisk: { kind: 'string', default: '64G', placeholder: 'bytes', help: 'most disk of one sandbox' },
    registry: {
      kind: 'strings',
      placeholder: 'host',
      help: 'registries that images may come from (default: docker.io)',
    },
    hostNetwork: { kind: 'boolean', help: "let sandboxes have this machine's network" },
    warm: {
      kind: 'integer',
      default: 0,
      min: 0,
      help: 'sandboxes kept ready for each environment that is asked for again and again, where there is room',
    },
    idleSeconds: {
      kind: 'number',
      min: 1,
      help: 'end sandboxes without lease that nobody asks anything of for so long (default: never)',
    },
    drainSeconds: { kind: 'number', default: 600, min: 0, help: 'wait so long for live sandboxes when told to stop' },
    holdSeconds: { kind: 'number', default: 300, min: 0, help: 'hold live sandboxes so long without a listener' },
    view: {
      kind: 'string',
      placeholder: 'folder',
      help: 'also serve the web pages of the runs in this folder, to this machine only (see `assay view`)',
    },
    ...BACKEND_FLAGS,
  },
  examples: [
    'assay serve',
    'assay serve --host 0.0.0.0 --tls-cert chain.pem --tls-key key.pem --sandbox docker',
    'assay serve --host 0.0.0.0 --public-url https://sandboxes.example.org',
    'ASSAY_KUBERNETES=cluster.yaml assay serve --sandbox kubernetes --max-sandboxes 500 --max-cpus 8',
  ],
  async run({ flags }) {
    surviveFullLog();
    const { home } = assayPaths();
    const { sandbox, tier } = flags;
    const cluster = sandbox === 'kubernetes' ? clusterSettingsPath() : undefined;
    const place: KeeperPlace = {
      home,
      identity: {
        version: assayVersion(),
        sandbox,
        ...(tier === undefined ? {} : { tier }),
        ...(cluster === undefined ? {} : { cluster }),
      },
      main: '../keeper-main',
      beside: import.meta.url,
      onNews: tell,
    };
    const tls = await tlsOf(flags);
    let keeper = await attachKeeper(place);
    const attend = async (listeningUrl: string, pages: OpenPages | undefined) => {
      const url = flags.publicUrl ?? listeningUrl;
      const settings = settingsOf(flags, url);
      await keeper.configure(settings);
      const shown = pages === undefined ? '' : `${pages.words}\n`;
      print(flags.json, { url, view: pages?.address }, `listening at ${url}\n${shown}`);
      const keys = new KeyStore(home);
      warnOfLooseKeys(keys);
      if ((await keys.list()).every(({ revokedAt }) => revokedAt !== undefined))
        tell('no key opens it yet: assay keys add NAME');
      await untilTold({
        lost: () => keeper.lost,
        async replace(signal) {
          tell(`the process that held the sandboxes is gone, and they with it (${home}/serve/keeper.log)`);
          const attach = () => attachConfigured(place, settings);
          const regained = await regainKeeper({ attach, signal, onNews: tell });
          keeper = regained ?? keeper;
          return regained !== undefined;
        },
        leave: () => keeper.leave(),
        async stop(impatient) {
          tell('stopping: nothing is started any more; once more ends the sandboxes that live');
          await untilDrained(keeper, AbortSignal.any([impatient, AbortSignal.timeout(flags.drainSeconds * 1000)]));
          await keeper.end();
        },
      });
    };
    let listener: Listener | undefined;
    let pages: OpenPages | undefined;
    try {
      listener = await listen(flags, tls, () => keeper.record.clients);
      if (flags.view !== undefined) pages = await openPages({ ...PAGES, runsDir: resolve(flags.view) });
      await attend(listener.url, pages);
    } finally {
      await pages?.close();
      await listener?.close();
      keeper.leave();
    }
    return 0;
  },
});

/** Throws `usage` for an address or a port that cannot be had, and for certificates that are none. */
async function listen({ host, port }: { host: string; port: number }, tls: Tls | undefined, keeper: () => string) {
  try {
    return await startListener({ host, port, keeper, ...(tls === undefined ? {} : { tls }) });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AssayError('usage', `cannot listen on ${host}, port ${port}: ${why}`, {
      class: 'input',
      retryable: false,
      hint: 'Another server may have the port (--port), or the address is not of this machine (--host), or key and certificate do not fit.',
      cause,
    });
  }
}

interface Tls {
  cert: string;
  key: string;
}

interface TlsFlags {
  tlsCert?: string | undefined;
  tlsKey?: string | undefined;
}

async function tlsOf({ tlsCert, tlsKey }: TlsFlags): Promise<Tls | undefined> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new AssayError('usage', 'TLS needs both --tls-cert and --tls-key', { class: 'input', retryable: false });
  const [cert, key] = await Promise.all([tlsCert, tlsKey].map((path) => readFile(path, 'utf8')));
  return { cert: cert ?? '', key: key ?? '' };
}

function settingsOf(
  flags: PolicyFlags & {
    maxSandboxes?: number | undefined;
    runtimeUrl?: string | undefined;
    warm: number;
    idleSeconds?: number | undefined;
    holdSeconds: number;
    maxLayers: string;
  },
  publicUrl: string,
): KeeperSettings {
  return {
    publicUrl,
    runtimeUrl: runtimeUrlOf(flags.runtimeUrl),
    capacity: flags.maxSandboxes ?? availableParallelism() * PLACES_PER_CPU,
    warm: flags.warm,
    forgetSeconds: flags.idleSeconds ?? null,
    holdSeconds: flags.holdSeconds,
    layerBytes: parseBytes(flags.maxLayers),
    policy: policyOf(flags),
  };
}

interface PolicyFlags {
  hostNetwork: boolean;
  registry: string[];
  runtimeHost: string[];
  maxMemory: string;
  maxDisk: string;
  maxCpus?: number | undefined;
}

function runtimeUrlOf(template: string | undefined): string | null {
  if (template === undefined) return null;
  if (/^https?:\/\/\{id\}\.[^/?#]+$/.test(template)) return template;
  throw new AssayError(
    'usage',
    `--runtime-url ${template}: it has no {id} as the first part of its host, or more than a host`,
    {
      class: 'input',
      retryable: false,
      hint: 'Such as https://{id}.sandboxes.example.org, with a record in the DNS and a certificate for *.sandboxes.example.org.',
    },
  );
}

function demandHost(host: string): string {
  if (parseHostRule(host) !== undefined) return host;
  throw new AssayError('usage', `--runtime-host ${host}: this is no host`, { class: 'input', retryable: false });
}

function policyOf(flags: PolicyFlags): SpecPolicy {
  return {
    hostNetwork: flags.hostNetwork,
    runtimeHosts: flags.runtimeHost.map(demandHost),
    registries: flags.registry.length > 0 ? flags.registry : ['docker.io'],
    most: {
      memoryBytes: parseBytes(flags.maxMemory),
      diskBytes: parseBytes(flags.maxDisk),
      cpus: flags.maxCpus ?? availableParallelism(),
      pids: MOST_PIDS,
      wallSeconds: DAY_SECONDS,
    },
  };
}

async function attachConfigured(place: KeeperPlace, settings: KeeperSettings): Promise<KeeperLink> {
  const keeper = await attachKeeper(place);
  await keeper.configure(settings);
  return keeper;
}

interface Course {
  /** Resolves when the keeper is gone. */
  lost(): Promise<void>;
  /** Gives up when told to end; false then, with no keeper left to end. */
  replace(told: AbortSignal): Promise<boolean>;
  /** On SIGHUP. */
  leave(): void;
  /** On the first SIGTERM or SIGINT; the second aborts `impatient`. */
  stop(impatient: AbortSignal): Promise<void>;
}

/** Goes on until a signal says how to end, with a new keeper for each that is lost. */
async function untilTold({ lost, replace, leave, stop }: Course): Promise<void> {
  const impatient = new AbortController();
  const over = new AbortController();
  const told = once(over.signal, 'abort').then(() => over.signal.reason as 'stop' | 'leave');
  const onStop = () => (over.signal.aborted ? impatient : over).abort('stop');
  const onLeave = () => over.abort('leave');
  process.on('SIGINT', onStop).on('SIGTERM', onStop).on('SIGHUP', onLeave);
  try {
    for (;;) {
      const next = await Promise.race([told, lost()]);
      if (next === 'stop') return await stop(impatient.signal);
      if (next === 'leave') return leave();
      if (!(await replace(over.signal))) return;
    }
  } finally {
    process.off('SIGINT', onStop).off('SIGTERM', onStop).off('SIGHUP', onLeave);
  }
}

async function untilDrained(keeper: KeeperLink, signal: AbortSignal): Promise<void> {
  let { live } = await keeper.drain();
  while (live > 0 && !signal.aborted) {
    await sleep(DRAIN_POLL_MS);
    ({ live } = await keeper.state());
  }
}
