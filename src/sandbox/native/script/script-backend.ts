/**
 * The native backend without the helper: bubblewrap (tier 2) or plain `unshare` (tier 3). Same sandboxes, slower starts, and fewer limits: memory by a
 * watchdog and RLIMIT_DATA, processes by RLIMIT_NPROC, disk by the size of a tmpfs; no CPU limit; no freezer; `unshare` has no system-call filter.
 */
import { randomBytes } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isOwnerAlive, ownerRecord } from '../../../base/owner.ts';
import type { AssayPaths } from '../../../base/paths.ts';
import {
  AssayError,
  type BackendProbe,
  type GcReport,
  type LayerRef,
  type LimitsInForce,
  type Sandbox,
  type SandboxBackend,
  type SandboxSpec,
} from '../../../contracts/index.ts';
import { exec } from '../../exec.ts';
import { hostBase } from '../../host-base.ts';
import { seccompFilter } from '../seccomp-filter.ts';
import { Holder } from './holder.ts';
import { ScriptSandbox } from './script-sandbox.ts';
import { buildSkeleton, LIBRARY_FOLDERS } from './skeleton.ts';
import type { ScriptTier } from './spawn-wrapper.ts';

/** The host user that sandboxes run as when Assay itself is root; the same number the helper maps the inner root to. */
const UNPRIVILEGED_UID = 100_000;

const LIMITS_IN_FORCE: LimitsInForce = {
  memory: 'watchdog',
  pids: 'rlimit',
  cpu: 'none',
  disk: 'tmpfs-size',
  wall: 'timer',
};

const LACKS: Record<ScriptTier, string> = {
  bubblewrap: 'The bubblewrap tier has no CPU limit and no freezer, and holds memory by a watchdog.',
  unshare: 'The unshare tier has no system-call filter, no CPU limit and no freezer, and holds memory by a watchdog.',
};

export function createScriptBackend(options: { paths: AssayPaths; tier: ScriptTier }): SandboxBackend {
  const { paths, tier } = options;
  const uid = process.getuid?.() === 0 ? UNPRIVILEGED_UID : undefined;
  const open = new Set<Sandbox>();
  let prepared:
    | Promise<{ skeleton: string; filterFile: string; binds: { source: string; target: string }[] }>
    | undefined;

  const prepare = () => {
    prepared ??= prepareFiles(paths, uid);
    return prepared;
  };

  const backend: SandboxBackend = {
    name: 'native',

    async probe(): Promise<BackendProbe> {
      const notes: string[] = [];
      for (const program of tier === 'bubblewrap'
        ? ['unshare', 'nsenter', 'prlimit', 'bwrap']
        : ['unshare', 'nsenter', 'prlimit', 'setpriv']) {
        if (!(await exists(`/usr/bin/${program}`)))
          notes.push(`/usr/bin/${program} is missing: install ${program === 'bwrap' ? 'bubblewrap' : 'util-linux'}.`);
      }
      if (notes.length > 0) return { backend: 'native', tier, available: false, notes };
      try {
        const sandbox = await backend.create(PROBE_SPEC);
        try {
          const result = await exec(sandbox, ['/bin/sh', '-c', 'echo works'], { timeoutSeconds: 10 });
          if (result.stdout.toString() !== 'works\n')
            throw new Error(`a sandbox printed ${JSON.stringify(result.stderr.toString())}`);
        } finally {
          await sandbox.destroy();
        }
      } catch (error) {
        return {
          backend: 'native',
          tier,
          available: false,
          notes: [
            error instanceof Error ? error.message : String(error),
            (error as { hint?: string }).hint ?? USERNS_HINT,
          ],
        };
      }
      return { backend: 'native', tier, available: true, notes: [LACKS[tier]], limitsInForce: LIMITS_IN_FORCE };
    },

    async create(spec: SandboxSpec): Promise<Sandbox> {
      if (spec.base.kind !== 'host') {
        throw new AssayError('sandbox-unavailable', `the ${tier} tier runs on the host base only`, {
          class: 'infra',
          retryable: false,
        });
      }
      const { skeleton, filterFile, binds } = await prepare();
      const id = randomBytes(8).toString('hex');
      const runFolder = join(paths.sandboxes, id);
      await makeFolder(runFolder, uid);
      await writeFile(`${runFolder}.owner.json`, JSON.stringify(ownerRecord(spec.labels)));
      const cleanUp = async () => {
        await rm(runFolder, { recursive: true, force: true });
        await rm(`${runFolder}.owner.json`, { force: true });
      };
      const holder = await Holder.start({
        runFolder,
        skeleton,
        layerFolders: spec.layers.map((layer) => layerFolder(paths, layer)),
        diskBytes: spec.limits.diskBytes,
        workdir: spec.workdir,
        binds,
        network: spec.network,
        ...(uid === undefined ? {} : { uid }),
      }).catch(async (error: unknown) => {
        await cleanUp();
        throw error;
      });
      const sandbox = new ScriptSandbox({
        id,
        tier,
        spec,
        holder,
        limitsInForce: LIMITS_IN_FORCE,
        runFolder,
        filterFile,
        ...(uid === undefined ? {} : { uid }),
        storeLayer: (from) => storeLayer(paths, from, uid),
        async onEnd() {
          open.delete(sandbox);
          await cleanUp();
        },
      });
      open.add(sandbox);
      return sandbox;
    },

    hasLayer: (layer) => exists(layerFolder(paths, layer)),
    gc: () => collectGarbage(paths),

    async close() {
      await Promise.all([...open].map((sandbox) => sandbox.destroy()));
    },
  };
  return backend;
}

const USERNS_HINT =
  'User namespaces may be closed to ordinary users: on Ubuntu run `sysctl kernel.apparmor_restrict_unprivileged_userns=0` as root, in a container allow them.';

const PROBE_SPEC: SandboxSpec = {
  base: { kind: 'host' },
  layers: [],
  limits: { memoryBytes: 2 ** 28, pids: 64, cpus: 1, diskBytes: 2 ** 24, wallSeconds: 30 },
  network: 'none',
  env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
  workdir: '/testbed',
};

function layerFolder(paths: AssayPaths, layer: LayerRef): string {
  return join(paths.layers, layer.digest.slice('sha256:'.length));
}

/** Skeleton, filter file and binds, once per backend object; folders that the unprivileged user must enter are opened for it. */
async function prepareFiles(paths: AssayPaths, uid: number | undefined) {
  const base = await hostBase();
  for (const folder of [paths.home, paths.sandboxes, paths.layers, paths.native]) {
    await mkdir(folder, { recursive: true });
    if (uid !== undefined) await chmod(folder, 0o711);
  }
  if (uid !== undefined) await demandReachable(paths.home);
  const skeleton = join(paths.native, `skeleton-${base.digest.slice(7, 23)}`);
  await buildSkeleton(skeleton, uid ?? process.getuid?.() ?? 0);
  const filterFile = join(paths.native, `seccomp-${process.arch}.bpf`);
  await writeFile(filterFile, seccompFilter(process.arch === 'arm64' ? 'arm64' : 'x64'));
  const libraries: { source: string; target: string }[] = [];
  for (const name of ['usr', ...LIBRARY_FOLDERS]) {
    const entry = await stat(`/${name}`).catch(() => null);
    if (entry?.isDirectory() && !(await isLink(`/${name}`))) libraries.push({ source: `/${name}`, target: `/${name}` });
  }
  return { skeleton, filterFile, binds: [...libraries, ...base.binds] };
}

async function demandReachable(folder: string): Promise<void> {
  for (let at = folder; at !== dirname(at); at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) !== 0) continue;
    throw new AssayError('sandbox-unavailable', `${at} is closed to the user that sandboxes run as`, {
      class: 'infra',
      retryable: false,
      hint: `Run \`chmod o+x ${at}\`, or set ASSAY_HOME to a folder that others may enter, such as /var/lib/assay.`,
    });
  }
}

async function makeFolder(folder: string, uid: number | undefined): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  if (uid !== undefined) await chown(folder, uid, uid);
}

/** Copies the upper into a staging folder, names it by the digest of its canonical tar, moves it into place. */
async function storeLayer(paths: AssayPaths, holder: Holder, uid: number | undefined): Promise<LayerRef> {
  const staging = join(paths.layers, `.staging-${process.pid}-${randomBytes(4).toString('hex')}`);
  await makeFolder(staging, uid);
  const answer = await holder.ask(`snapshot ${staging}`);
  const hex = /^layer ([0-9a-f]{64})$/.exec(answer ?? '')?.[1];
  if (hex === undefined) {
    await rm(staging, { recursive: true, force: true });
    throw new AssayError('sandbox-disk-full', 'the layer could not be written', {
      class: 'infra',
      retryable: true,
      hint: 'Free disk space (`assay env gc`).',
    });
  }
  await chmod(staging, 0o755);
  await rename(staging, join(paths.layers, hex)).catch(async (error: NodeJS.ErrnoException) => {
    await rm(staging, { recursive: true, force: true });
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error; // an equal layer is there already
  });
  return { digest: `sha256:${hex}` };
}

/** Mounts and processes die with their namespaces; what a killed owner leaves is folders. */
async function collectGarbage(paths: AssayPaths): Promise<GcReport> {
  const report: GcReport = { sandboxes: 0, processes: 0, mounts: 0, cgroups: 0, bytes: 0 };
  for (const name of await readdir(paths.sandboxes).catch(() => [])) {
    if (!name.endsWith('.owner.json')) continue;
    const file = join(paths.sandboxes, name);
    if (await isOwnerAlive(await readFile(file, 'utf8').catch(() => ''))) continue;
    await rm(file.slice(0, -'.owner.json'.length), { recursive: true, force: true });
    await rm(file, { force: true });
    report.sandboxes++;
  }
  for (const name of await readdir(paths.layers).catch(() => [])) {
    const owner = /^\.staging-(\d+)-/.exec(name)?.[1];
    if (owner === undefined || (await exists(`/proc/${owner}`))) continue;
    await rm(join(paths.layers, name), { recursive: true, force: true });
  }
  return report;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}

async function isLink(path: string): Promise<boolean> {
  return (await lstat(path)).isSymbolicLink();
}
