/**
 * Sandboxes in containers of a Docker or Podman engine, local or remote, over its API. Each container runs one agent, attached once, that starts all processes; no
 * `docker exec`. The connection is the life line: when this process dies, the agent ends and the engine removes the container.
 */
import { randomBytes } from 'node:crypto';
import { pack } from 'tar-stream';
import { digestOf } from '../../base/digest.ts';
import type { AssayPaths } from '../../base/paths.ts';
import { assayPaths } from '../../base/paths.ts';
import { ownIdentity } from '../../base/process-identity.ts';
import {
  AssayError,
  type BackendProbe,
  type LayerRef,
  type SandboxBackend,
  type SandboxSpec,
} from '../../contracts/index.ts';
import { seccompFilter } from '../native/seccomp-filter.ts';
import { type AgentArch, agentBinary } from './agent-binary.ts';
import { AgentConnection } from './agent-connection.ts';
import { collectContainers } from './collect-containers.ts';
import { collectImages } from './collect-images.ts';
import { Container } from './container.ts';
import { containerConfig } from './container-config.ts';
import { contentDigest, keptChanges, wholeDigest } from './content-digest.ts';
import { DockerSandbox } from './docker-sandbox.ts';
import { EngineClient, EngineError } from './engine-client.ts';
import { type EngineEndpoint, requireEngine } from './engine-endpoint.ts';
import { type EngineImage, ensureImage, type FindCredentials, inspectImage } from './engine-image.ts';
import { type EngineInfo, engineInfo } from './engine-info.ts';
import { engineStream } from './engine-stream.ts';
import { chainImage, chainName, hasLayerImage, removeLayerImages } from './layer-images.ts';
import { type AgentFiles, PreparedImages } from './prepared-image.ts';
import { StartGate } from './start-gate.ts';
import { WarmPool } from './warm-pool.ts';

export interface DockerBackendOptions {
  paths?: AssayPaths;
  /** Default: where `docker` and `podman` would look. */
  endpoint?: EngineEndpoint;
  /** Containers that are created and started at once. Default 4: more make an engine slower. */
  startsAtOnce?: number;
  /** For images that the engine has to pull. */
  findCredentials?: FindCredentials;
  /** How long a call waits while the engine restarts. Default 30 s. */
  patienceMs?: number;
}

/** Nothing is asked of the engine before the first `probe` or `create`. */
export function createDockerBackend(options: DockerBackendOptions = {}): SandboxBackend {
  const paths = options.paths ?? assayPaths();
  const gate = new StartGate(options.startsAtOnce ?? 4);
  const open = new Set<DockerSandbox>();
  let engine: EngineClient | undefined;
  let prepared: Promise<Prepared> | undefined;

  const client = (): EngineClient => {
    if (engine === undefined) {
      engine = new EngineClient(options.endpoint ?? requireEngine(), options.patienceMs);
    }
    return engine;
  };
  const prepare = (): Promise<Prepared> => {
    prepared ??= prepareAgent(client(), paths).catch((error: unknown) => {
      prepared = undefined;
      throw error;
    });
    return prepared;
  };

  const warm = new WarmPool<Started>({
    discard: ({ container, connection }) => {
      connection.close();
      return container.remove().catch(() => {}); // its owner's end, or `gc`, removes it
    },
    ended: ({ connection }) => connection.ended,
  });

  /** A container of this configuration with its agent attached. */
  const startContainer = async (config: (image: string) => Promise<object>, image: () => Promise<string>) => {
    const { images } = await prepare();
    const id = randomBytes(8).toString('hex');
    const create = async () => Container.create(client(), `assay-${id}`, await config(await image()));
    const container = await create().catch((error: unknown) => {
      if (!(error instanceof EngineError && error.status === 404)) throw error;
      images.forget(); // somebody cleaned the engine up
      return create();
    });
    try {
      return { id, container, connection: await connect(container) };
    } catch (error) {
      await container.remove();
      throw error;
    }
  };

  const start = async (spec: SandboxSpec, base: EngineImage): Promise<DockerSandbox> => {
    const { info, files, images } = await prepare();
    const chain = await chainImage(client(), base, spec.layers);
    const image = () => images.get(chain, files, spec.workdir);
    const config = (labels: SandboxSpec['labels']) => async (name: string) =>
      containerConfig({
        spec: { ...spec, labels: labels ?? {} },
        image: name,
        owner: await ownIdentity(),
        asRoot: base.asRoot,
        engineCpus: info.cpus,
      });
    const { limits, network, workdir } = spec;
    const { id, container, connection } = await warm.take(
      digestOf({ chain: chain.id, limits, network, workdir }),
      () => gate.pass(() => startContainer(config(spec.labels), image)),
      () => gate.pass(() => startContainer(config({ purpose: 'kept ready' }), image)),
    );
    const sandbox = new DockerSandbox({
      id,
      spec,
      limitsInForce: info.limitsInForce,
      container,
      agent: connection,
      storeLayer: () => storeLayer(client(), container, connection, base.id, spec),
      create: (forked) => backend.create(forked),
      onEnd: () => open.delete(sandbox),
    });
    open.add(sandbox);
    return sandbox;
  };

  const backend: SandboxBackend = {
    name: 'docker',

    async probe(): Promise<BackendProbe> {
      try {
        const { info } = await prepare();
        const sandbox = await start(PROBE_SPEC, await emptyImage(client()));
        await sandbox.destroy();
        const notes = [`engine ${info.version} at ${client().endpoint.address}`, ...missingLimits(info)];
        return { backend: 'docker', tier: 'agent', available: true, notes, limitsInForce: info.limitsInForce };
      } catch (error) {
        const { hint } = error as { hint?: string };
        const notes = [error instanceof Error ? error.message : String(error), ...(hint === undefined ? [] : [hint])];
        return { backend: 'docker', tier: 'agent', available: false, notes };
      }
    },

    async create(spec) {
      if (spec.base.kind !== 'image') {
        throw new AssayError('sandbox-unavailable', 'the docker backend runs images only, not the host base', {
          class: 'input',
          retryable: false,
          hint: 'Give the task an image, or use the native backend.',
        });
      }
      const { reference } = spec.base;
      try {
        return await start(spec, await ensureImage(client(), reference, options.findCredentials));
      } catch (error) {
        if (error instanceof AssayError) throw error;
        throw createFailed(error);
      }
    },

    async describeImage(reference) {
      const { id, env, workdir } = await ensureImage(client(), reference, options.findCredentials);
      return { digest: id, env, workdir };
    },

    hasLayer: (layer) => hasLayerImage(client(), layer),
    removeLayer: (layer) => removeLayerImages(client(), layer),
    async gc() {
      const report = await collectContainers(client());
      return { ...report, bytes: await collectImages(client()) };
    },

    async close() {
      await Promise.all([...[...open].map((sandbox) => sandbox.destroy()), warm.close()]);
    },
  };
  return backend;
}

interface Started {
  /** In the container's name. */
  id: string;
  container: Container;
  connection: AgentConnection;
}

interface Prepared {
  info: EngineInfo;
  files: AgentFiles;
  images: PreparedImages;
}

async function prepareAgent(engine: EngineClient, paths: AssayPaths): Promise<Prepared> {
  const info = await engineInfo(engine);
  const arch: AgentArch | undefined = info.arch;
  if (arch === undefined) {
    throw new AssayError('sandbox-unavailable', `the engine runs ${info.architecture}, which Assay does not know`, {
      class: 'infra',
      retryable: false,
    });
  }
  const files = { agent: await agentBinary(paths.native, arch), filter: seccompFilter(arch) };
  return { info, files, images: new PreparedImages(engine) };
}

/** The attached, running agent of a created container. Throws with what the agent said when it does not come up. */
async function connect(container: Container): Promise<AgentConnection> {
  let complaint = '';
  const stream = engineStream(await container.attach(), (text) => {
    complaint = (complaint + text).slice(-1000);
  });
  const connection = new AgentConnection(stream);
  try {
    await container.start();
    await connection.hello();
  } catch (error) {
    connection.close();
    throw complaint === '' ? error : new Error(`${(error as Error).message}: ${complaint.trim()}`);
  }
  return connection;
}

async function storeLayer(
  engine: EngineClient,
  container: Container,
  agent: AgentConnection,
  base: string,
  spec: SandboxSpec,
): Promise<LayerRef> {
  const env = { ...spec.env, LC_ALL: 'C' };
  const start = (argv: readonly string[]) => agent.spawn({ argv, cwd: '/', env, merge: false });
  const changes = await container.changes();
  const digest = changes === undefined ? await wholeDigest(start) : await contentDigest(keptChanges(changes), start);
  const layer: LayerRef = { digest };
  const name = chainName(base, [...spec.layers, layer]);
  const known = await inspectImage(engine, `${name.repository}:${name.tag}`);
  if (known === undefined) await container.commit(name.repository, name.tag);
  return layer;
}

/** An image without a single file, made here: enough for a sandbox whose agent brings itself. */
async function emptyImage(engine: EngineClient): Promise<EngineImage> {
  const known = await inspectImage(engine, EMPTY_IMAGE);
  if (known !== undefined) return known;
  const tar = pack();
  tar.finalize();
  const [repository, tag] = EMPTY_IMAGE.split(':');
  await engine.call({ method: 'POST', path: `/images/create?fromSrc=-&repo=${repository}&tag=${tag}`, body: tar });
  const made = await inspectImage(engine, EMPTY_IMAGE);
  if (made === undefined) throw new EngineError(500, 'the engine imported an image and does not have it');
  return made;
}

function missingLimits(info: EngineInfo): string[] {
  const missing = Object.entries(info.limitsInForce).flatMap(([name, how]) => (how === 'none' ? [name] : []));
  return missing.length === 0 ? [] : [`This engine holds no limit of ${missing.join(', ')}.`];
}

/** Podman gives no other tag to what it imports. */
const EMPTY_IMAGE = 'assay.local/empty:latest';

const PROBE_SPEC: SandboxSpec = {
  base: { kind: 'image', reference: EMPTY_IMAGE },
  layers: [],
  limits: { memoryBytes: 2 ** 26, pids: 16, cpus: 1, diskBytes: 2 ** 24, wallSeconds: 60 },
  network: 'none',
  env: {},
  workdir: '/work',
};

function createFailed(cause: unknown): AssayError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new AssayError('sandbox-create-failed', `the container could not be started: ${message}`, {
    class: 'infra',
    retryable: !(cause instanceof EngineError && cause.status < 500),
    cause,
  });
}
