import { availableParallelism } from 'node:os';
import { toFailure } from '../../contracts/index.ts';
import { startServer } from '../../serve/assay-server.ts';
import type { SpecPolicy } from '../../serve/control/spec-policy.ts';
import { KeyStore } from '../../serve/keys/key-store.ts';
import { openEngine } from '../compose.ts';
import { defineCommand } from '../flag.ts';
import { print } from '../output.ts';
import { parseBytes } from '../parse-bytes.ts';
import { BACKEND_FLAGS } from '../sandbox-flags.ts';

const DEFAULT_PORT = 8620;
const PLACES_PER_CPU = 16;
const DAY_SECONDS = 86_400;
const MOST_PIDS = 32_768;

export const serveCommand = defineCommand({
  name: 'serve',
  summary: 'sandboxes of this machine over HTTP, for many clients',
  description:
    'Clients need an account key (`assay keys add`). TLS is for a proxy in front. The first SIGTERM or SIGINT starts nothing more and waits for the sandboxes that live; the second ends them.',
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
    maxSandboxes: { kind: 'integer', min: 1, help: 'live sandboxes of all keys together (default: 16 per CPU)' },
    maxMemory: { kind: 'string', default: '16G', placeholder: 'bytes', help: 'most memory of one sandbox' },
    maxDisk: { kind: 'string', default: '64G', placeholder: 'bytes', help: 'most disk of one sandbox' },
    registry: {
      kind: 'strings',
      placeholder: 'host',
      help: 'registries that images may come from (default: docker.io)',
    },
    hostNetwork: { kind: 'boolean', help: "let sandboxes have this machine's network" },
    drainSeconds: { kind: 'number', default: 600, min: 0, help: 'wait so long for live sandboxes when told to stop' },
    ...BACKEND_FLAGS,
  },
  examples: ['assay serve', 'assay serve --host 0.0.0.0 --public-url https://sandboxes.example.org --sandbox docker'],
  async run({ flags }) {
    const engine = await openEngine(flags);
    try {
      const server = await startServer({
        backend: engine.backend,
        home: engine.paths.home,
        host: flags.host,
        port: flags.port,
        capacity: flags.maxSandboxes ?? availableParallelism() * PLACES_PER_CPU,
        policy: policyOf(flags),
        ...(flags.publicUrl === undefined ? {} : { publicUrl: flags.publicUrl }),
        onError: (error) => say(`${new Date().toISOString()} ${toFailure(error).message}`),
      });
      print(flags.json, { url: server.url }, `listening at ${server.url}\n`);
      const keys = await new KeyStore(engine.paths.home).list();
      if (keys.every(({ revokedAt }) => revokedAt !== undefined)) say('no key opens it yet: assay keys add NAME');
      try {
        await untilTold((signal) => server.drain(signal), flags.drainSeconds);
      } finally {
        await server.close();
      }
      return 0;
    } finally {
      await engine.close();
    }
  },
});

function policyOf(flags: { hostNetwork: boolean; registry: string[]; maxMemory: string; maxDisk: string }): SpecPolicy {
  return {
    hostNetwork: flags.hostNetwork,
    registries: flags.registry.length > 0 ? flags.registry : ['docker.io'],
    most: {
      memoryBytes: parseBytes(flags.maxMemory),
      diskBytes: parseBytes(flags.maxDisk),
      cpus: availableParallelism(),
      pids: MOST_PIDS,
      wallSeconds: DAY_SECONDS,
    },
  };
}

/** Waits for the first signal, then for `drain`, which a second signal or the time ends. */
async function untilTold(drain: (signal: AbortSignal) => Promise<void>, seconds: number): Promise<void> {
  const impatient = new AbortController();
  let told = () => {};
  const first = new Promise<void>((resolve) => {
    told = resolve;
  });
  let count = 0;
  const onSignal = () => (++count === 1 ? told() : impatient.abort());
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    await first;
    say('stopping: nothing is started any more; once more ends the sandboxes that live');
    await drain(AbortSignal.any([impatient.signal, AbortSignal.timeout(seconds * 1000)]));
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
