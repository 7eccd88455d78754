/**
 * The native backend's first tier: a static helper in C that keeps prepared sandboxes waiting and starts processes in them, so that this process never forks. Limits by
 * cgroups where they can be written, else as in the tiers below.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { makeFolder } from '../../../base/make-folder.ts';
import type { AssayPaths } from '../../../base/paths.ts';
import {
  AssayError,
  type BackendProbe,
  type GcReport,
  type ImageStore,
  type LimitsInForce,
  type LocalImage,
  type Sandbox,
  type SandboxBackend,
  type SandboxSpec,
} from '../../../contracts/index.ts';
import { allOrNone } from '../../all-or-none.ts';
import { prepareHostFiles, sandboxUid } from '../host-files.ts';
import { hasLayer, layerName, removeDeadStaging, removeLayer, storeLayer, withStaging } from '../layer-store.ts';
import { MemoryWatchdog } from '../memory-watchdog.ts';
import { probeNotes, probeOnce } from '../probe.ts';
import { processTree } from '../process-tree.ts';
import { layersInUse, removeDeadRecords, removeRecord, sandboxFolder, writeRecord } from '../sandbox-records.ts';
import { AgentConnection, createFailed, type Hello } from './agent-connection.ts';
import { type Cgroups, mechanism, openCgroups, removeDeadCgroups } from './cgroups.ts';
import { buildHelper } from './helper-build.ts';
import { HelperSandbox } from './helper-sandbox.ts';
import { SandboxCgroup } from './sandbox-cgroup.ts';
import { openWayOut, PROXY_ENV, type WayOut } from './way-out.ts';
import { Zygote } from './zygote.ts';

/** Range of users inside as root: as many as images expect. An ordinary user is root inside, and nobody else is there. */
const USERS = 65_536;
const INODES = 400_000;
const HELLO_MS = 30_000;
/** sun_path of unix(7), with its NUL. */
const MAX_SOCKET_PATH = 107;

interface Opened {
  /** Its private folder. */
  folder: string;
  zygote: Zygote;
  cgroups: Cgroups;
  close(): Promise<void>;
}

/** What a sandbox is made with. */
interface Means {
  image: LocalImage | undefined;
  helper: Opened;
  /** Folder in the layer store where the sandbox listens of which it is a fork. */
  fork?: string;
}

/** `images`: where image bases come from; without it only the host base works. */
export function createHelperBackend(paths: AssayPaths, images?: ImageStore): SandboxBackend {
  const sandboxes = new Set<Sandbox>();
  let opened: Promise<Opened> | undefined;

  /** The helper process; a new one when the last one ended. */
  const open = (): Promise<Opened> => {
    opened ??= startHelper(paths).then(
      (started) => {
        void started.zygote.ended.then(async () => {
          opened = undefined;
          await started.close();
        });
        return started;
      },
      (error: unknown) => {
        opened = undefined;
        throw error;
      },
    );
    return opened;
  };

  const backend: SandboxBackend = {
    name: 'native',

    async probe(): Promise<BackendProbe> {
      const result = await probeOnce(backend);
      if (!result.works)
        return { backend: 'native', tier: 'helper', available: false, notes: probeNotes(result.error) };
      const limitsInForce = result.limitsInForce;
      const lacks = Object.entries(limitsInForce).filter(([, how]) => how === 'none' || how === 'watchdog');
      const notes =
        lacks.length === 0
          ? []
          : [
              `No cgroup for ${lacks.map(([name]) => name).join(', ')}: run as root, or hand a cgroup to this user (\`systemd-run --user --scope -p Delegate=yes\`).`,
            ];
      return { backend: 'native', tier: 'helper', available: true, notes, limitsInForce };
    },

    async create(spec: SandboxSpec): Promise<Sandbox> {
      const image = spec.base.kind === 'host' ? undefined : await findImage(spec.base.reference, images);
      const helper = await open();
      try {
        return await startSandbox(spec, { image, helper });
      } catch (error) {
        // A lost connection is how the end of the helper shows first.
        const lost = error instanceof AssayError && error.code === 'sandbox-died';
        if (!(await hasEnded(helper.zygote, lost ? 1000 : 0))) throw asCreateFailed(error);
        const next = await open(); // somebody killed the helper: once more with a new one
        return await startSandbox(spec, { image, helper: next }).catch((again: unknown) => {
          throw asCreateFailed(again);
        });
      }
    },

    async describeImage(reference, signal) {
      return findImage(reference, images, signal);
    },

    hasLayer: (layer) => hasLayer(paths, layer),
    removeLayer: async (layer) => removeLayer(paths, layer, await layersInUse(paths)),

    async gc(): Promise<GcReport> {
      await removeDeadStaging(paths);
      const removed = await removeDeadCgroups();
      return { sandboxes: await removeDeadRecords(paths), ...removed, mounts: 0, bytes: 0 };
    },

    async close() {
      await Promise.all([...sandboxes].map((sandbox) => sandbox.destroy()));
      const started = await opened?.catch(() => undefined);
      await started?.close();
    },
  };

  const startSandbox = async (spec: SandboxSpec, means: Means): Promise<Sandbox> => {
    const { zygote, folder } = means.helper;
    const wayOut = typeof spec.network === 'object' ? await openWayOut(folder, spec.network.allow) : undefined;
    const connection = new AgentConnection(zygote.connect(spec.network === 'host' ? 'host' : 'none'));
    try {
      return await zygote.whileCreating(setUp(spec, connection, means, wayOut));
    } catch (error) {
      connection.close();
      await wayOut?.close();
      throw error;
    }
  };

  const setUp = async (
    spec: SandboxSpec,
    connection: AgentConnection,
    means: Means,
    wayOut: WayOut | undefined,
  ): Promise<Sandbox> => {
    const { image, helper } = means;
    const limitsInForce = limitsBy(helper.cgroups);
    let started: { hello: Hello; gone: Promise<void>; cgroup: SandboxCgroup } | undefined;
    const patience = setTimeout(() => connection.close(), HELLO_MS);
    await connection.create(createFields(spec, means, limitsInForce, wayOut), (hello) => {
      clearTimeout(patience);
      started = { hello, gone: helper.zygote.gone(hello.id), cgroup: new SandboxCgroup(helper.cgroups, hello.id) };
      started.cgroup.limit(spec.limits, wayOut === undefined ? 1 : 2);
    });
    if (started === undefined) throw createFailed('no prepared sandbox answered');
    const { hello } = started;
    const sandbox = new HelperSandbox({
      ...started,
      spec,
      connection,
      limitsInForce,
      proxyEnv: wayOut === undefined ? {} : PROXY_ENV,
      watchdog:
        limitsInForce.memory === 'watchdog'
          ? new MemoryWatchdog(spec.limits.memoryBytes, () => processTree(hello.pid))
          : undefined,
      storeLayer: (from) => storeLayer(paths, (name) => from.snapshot(name)),
      fork: (from, count) =>
        withStaging(paths, async (fork) => {
          await from.fork(fork, count);
          return allOrNone(Array.from({ length: count }, () => startSandbox(spec, { image, helper, fork })));
        }),
      async onEnd() {
        sandboxes.delete(sandbox);
        await wayOut?.close();
        await removeRecord(paths, hello.id);
      },
    });
    sandboxes.add(sandbox);
    await writeRecord(paths, hello.id, spec.labels, layersOf(spec, image)).catch(async (error: unknown) => {
      await sandbox.destroy();
      throw error;
    });
    return sandbox;
  };
  return backend;
}

/**
 * The CREATE frame: disk bytes, inodes, RLIMIT_NPROC, RLIMIT_DATA (0: none), working directory, base, user, folder of the fork it is, socket of the proxy (empty: none),
 * layers bottom first.
 */
function createFields(
  spec: SandboxSpec,
  { image, fork = '' }: Means,
  limitsInForce: LimitsInForce,
  wayOut: WayOut | undefined,
): string[] {
  const { limits } = spec;
  const processes = limitsInForce.pids === 'rlimit' ? limits.pids : 0;
  const data = limitsInForce.memory === 'watchdog' ? limits.memoryBytes : 0;
  const numbers = [limits.diskBytes, INODES, processes, data].map(String);
  const base = image === undefined ? ['host', ''] : ['image', image.user];
  return [...numbers, spec.workdir, ...base, fork, wayOut?.socket ?? '', ...layersOf(spec, image)];
}

/** Names in the store, bottom first. */
function layersOf(spec: SandboxSpec, image: LocalImage | undefined): string[] {
  return [...(image?.layers ?? []), ...spec.layers].map(layerName);
}

/** The image, fetched when it is not here yet. */
async function findImage(
  reference: string,
  images: ImageStore | undefined,
  signal = new AbortController().signal,
): Promise<LocalImage> {
  if (images === undefined) {
    throw new AssayError('sandbox-unavailable', 'this backend was opened without a store of images', {
      class: 'infra',
      retryable: false,
    });
  }
  return (await images.find(reference)) ?? images.pull(reference, signal);
}

function limitsBy(cgroups: Cgroups): LimitsInForce {
  return {
    memory: mechanism(cgroups, 'memory', 'watchdog'),
    pids: mechanism(cgroups, 'pids', 'rlimit'),
    cpu: mechanism(cgroups, 'cpu', 'none'),
    disk: 'tmpfs-size',
    wall: 'timer',
  };
}

async function startHelper(paths: AssayPaths): Promise<Opened> {
  const files = await prepareHostFiles(paths);
  const program = await buildHelper(paths.native);
  await removeDeadCgroups();
  const uid = sandboxUid();
  const id = `helper-${randomBytes(6).toString('hex')}`;
  const folder = sandboxFolder(paths, id);
  const sockets = { none: join(folder, 'n'), host: join(folder, 'h') };
  if (Buffer.byteLength(sockets.none) > MAX_SOCKET_PATH) {
    throw new AssayError('sandbox-unavailable', `the path of the store is too long for a socket: ${paths.home}`, {
      class: 'infra',
      retryable: false,
      hint: 'Set ASSAY_HOME to a shorter path.',
    });
  }
  const mountPoint = join(folder, 'm');
  await writeRecord(paths, id, { purpose: 'helper' });
  const cgroups = await prepareCgroups(mountPoint).catch(async (error: unknown) => {
    await removeRecord(paths, id);
    throw error;
  });
  const close = async () => {
    await cgroups.close();
    await removeRecord(paths, id);
  };
  const zygote = await Zygote.start({
    ...files,
    program,
    idMap: uid === undefined ? `0 ${process.getuid?.() ?? 0} 1` : `0 ${uid} ${USERS}`,
    layers: paths.layers,
    mountPoint,
    sockets,
    cgroups: cgroups.parents,
  }).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    folder,
    zygote,
    cgroups,
    async close() {
      await zygote.close();
      await close();
    },
  };
}

async function prepareCgroups(mountPoint: string): Promise<Cgroups> {
  await makeFolder(mountPoint, 0o711);
  return openCgroups();
}

/** True when the helper process is gone, or goes within the time. */
async function hasEnded(zygote: Zygote, withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), withinMs);
  });
  const ended = await Promise.race([zygote.ended.then(() => true), patience]);
  clearTimeout(timer);
  return ended;
}

function asCreateFailed(error: unknown): AssayError {
  if (error instanceof AssayError && error.code !== 'sandbox-died') return error;
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return createFailed(`${error instanceof Error ? error.message : String(error)}${cause}`);
}
