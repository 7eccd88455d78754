/** The native backend: the best tier that really works here; a tier that was asked for by name is never replaced by a weaker one. */
import { type AssayPaths, assayPaths } from '../../base/paths.ts';
import { AssayError, type BackendProbe, type ImageStore, type SandboxBackend } from '../../contracts/index.ts';
import { createHelperBackend } from './helper/helper-backend.ts';
import { createScriptBackend } from './script/script-backend.ts';

export const NATIVE_TIERS = ['helper', 'bubblewrap', 'unshare'] as const;
export type NativeTier = (typeof NATIVE_TIERS)[number];

export interface NativeBackendOptions {
  paths?: AssayPaths;
  /** For sandboxes on images, which the helper tier can make. */
  images?: ImageStore;
  /** Only this tier; without it the best that works. */
  tier?: NativeTier;
}

/** Opens the backend. Nothing is started before the first `probe` or `create`. */
export function createNativeBackend(options: NativeBackendOptions = {}): SandboxBackend {
  const paths = options.paths ?? assayPaths();
  return options.tier === undefined
    ? bestOf(NATIVE_TIERS.map((tier) => openTier(paths, tier, options.images)))
    : openTier(paths, options.tier, options.images);
}

function openTier(paths: AssayPaths, tier: NativeTier, images?: ImageStore): SandboxBackend {
  return tier === 'helper' ? createHelperBackend(paths, images) : createScriptBackend({ paths, tier });
}

/** Probes tier after tier, once, when the backend is first used. */
function bestOf(tiers: readonly SandboxBackend[]): SandboxBackend {
  let choice: Promise<{ backend: SandboxBackend | undefined; probe: BackendProbe }> | undefined;
  const choose = () => {
    choice ??= (async () => {
      const notes: string[] = [];
      for (const backend of tiers) {
        const probe = await backend.probe();
        if (probe.available) return { backend, probe: { ...probe, notes: [...notes, ...probe.notes] } };
        notes.push(...probe.notes.map((note) => `${probe.tier}: ${note}`));
      }
      return { backend: undefined, probe: { backend: 'native', available: false, notes } };
    })();
    return choice;
  };
  const chosen = async () => {
    const { backend, probe } = await choose();
    if (backend !== undefined) return backend;
    throw new AssayError('sandbox-unavailable', `no sandbox works on this machine:\n  ${probe.notes.join('\n  ')}`, {
      class: 'infra',
      retryable: false,
      hint: 'Run `assay doctor` to see what is missing and how to get it.',
    });
  };
  return {
    name: 'native',
    probe: async () => (await choose()).probe,
    create: async (spec) => (await chosen()).create(spec),
    describeImage: async (reference, signal) => (await chosen()).describeImage(reference, signal),
    hasLayer: async (layer) => (await chosen()).hasLayer(layer),
    removeLayer: async (layer) => (await chosen()).removeLayer(layer),
    gc: async () => (await chosen()).gc(),
    async close() {
      await Promise.all(tiers.map((tier) => tier.close()));
    },
  };
}
