/**
 * The native backend without the helper: bubblewrap (tier 2) or plain `unshare` (tier 3). Same sandboxes, slower starts, and fewer limits: memory by a
 * watchdog and RLIMIT_DATA, processes by RLIMIT_NPROC, disk by the size of a tmpfs; no CPU limit; no freezer; `unshare` has no system-call filter.
 */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { AssayPaths } from '../../../base/paths.ts';
import {
  AssayError,
  type BackendProbe,
  type GcReport,
  type LimitsInForce,
  type Sandbox,
  type SandboxBackend,
  type SandboxSpec,
} from '../../../contracts/index.ts';
import { plainNetwork } from '../../plain-network.ts';
import { type HostFiles, prepareHostFiles, sandboxUid } from '../host-files.ts';
import { hasLayer, layerFolder, layerName, removeDeadStaging, removeLayer, storeLayer } from '../layer-store.ts';
import { probeNotes, probeOnce } from '../probe.ts';
import { layersInUse, removeDeadRecords, removeRecord, writeRecord } from '../sandbox-records.ts';
import { HolderPool } from './holder-pool.ts';
import { inheritedDescriptors } from './inherited-descriptors.ts';
import { ScriptSandbox } from './script-sandbox.ts';
import type { ScriptTier } from './spawn-wrapper.ts';

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
  const inherited = inheritedDescriptors();
  const open = new Set<Sandbox>();
  let prepared: Promise<HostFiles> | undefined;

  const prepare = () => {
    prepared ??= prepareHostFiles(paths);
    return prepared;
  };
  const pool = new HolderPool(paths, prepare);

  const backend: SandboxBackend = {
    name: 'native',

    async probe(): Promise<BackendProbe> {
      const notes: string[] = [];
      for (const program of tier === 'bubblewrap'
        ? ['unshare', 'nsenter', 'bwrap']
        : ['unshare', 'nsenter', 'setpriv']) {
        if (!(await exists(`/usr/bin/${program}`)))
          notes.push(`/usr/bin/${program} is missing: install ${program === 'bwrap' ? 'bubblewrap' : 'util-linux'}.`);
      }
      if (notes.length > 0) return { backend: 'native', tier, available: false, notes };
      const result = await probeOnce(backend);
      if (!result.works) return { backend: 'native', tier, available: false, notes: probeNotes(result.error) };
      return { backend: 'native', tier, available: true, notes: [LACKS[tier]], limitsInForce: LIMITS_IN_FORCE };
    },

    async create(spec: SandboxSpec): Promise<Sandbox> {
      if (spec.base.kind !== 'host') throw noImages(tier);
      const { filterFile, binds } = await prepare();
      const held = await pool.open(plainNetwork(spec.network, `${tier} tier`), {
        layerFolders: spec.layers.map((layer) => layerFolder(paths, layer)),
        diskBytes: spec.limits.diskBytes,
        workdir: spec.workdir,
        binds: tier === 'unshare' ? binds : undefined,
      });
      pool.refill();
      await writeRecord(paths, held.id, spec.labels, spec.layers.map(layerName)).catch(async (error: unknown) => {
        await pool.discard(held);
        throw error;
      });
      const sandbox = new ScriptSandbox({
        ...held,
        tier,
        spec,
        limitsInForce: LIMITS_IN_FORCE,
        filterFile,
        binds,
        inherited,
        uid: sandboxUid(),
        storeLayer: (from) => storeLayer(paths, (name) => from.storeLayer(join(paths.layers, name))),
        create: (forked) => backend.create(forked),
        async onEnd() {
          open.delete(sandbox);
          await removeRecord(paths, held.id);
        },
      });
      open.add(sandbox);
      return sandbox;
    },

    async describeImage() {
      throw noImages(tier);
    },

    hasLayer: (layer) => hasLayer(paths, layer),
    removeLayer: async (layer) => removeLayer(paths, layer, await layersInUse(paths)),

    /** Mounts and processes die with their namespaces; what a killed owner leaves is folders. */
    async gc(): Promise<GcReport> {
      await removeDeadStaging(paths);
      return { sandboxes: await removeDeadRecords(paths), processes: 0, mounts: 0, cgroups: 0, bytes: 0 };
    },

    async close() {
      await Promise.all([...open].map((sandbox) => sandbox.destroy()));
      await pool.close();
    },
  };
  return backend;
}

function noImages(tier: ScriptTier): AssayError {
  return new AssayError('sandbox-unavailable', `the ${tier} tier runs on the host base only, images need the helper`, {
    class: 'infra',
    retryable: false,
    hint: 'Leave --tier out or take helper; `assay doctor` says how to get it when it is not there.',
  });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
