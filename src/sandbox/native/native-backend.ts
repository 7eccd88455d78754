/** The native backend: the best tier that really works here, never silently a weaker one than was asked for. */
import { type AssayPaths, assayPaths } from '../../base/paths.ts';
import type { SandboxBackend } from '../../contracts/index.ts';
import { createScriptBackend } from './script/script-backend.ts';

export type NativeTier = 'helper' | 'bubblewrap' | 'unshare';

export interface NativeBackendOptions {
  paths?: AssayPaths;
  /** Only this tier; without it the best that works. */
  tier?: NativeTier;
}

/** Opens the backend of one tier. Nothing is started before the first `probe` or `create`. */
export function createNativeBackend(options: NativeBackendOptions = {}): SandboxBackend {
  const paths = options.paths ?? assayPaths();
  return createScriptBackend({ paths, tier: options.tier === 'unshare' ? 'unshare' : 'bubblewrap' });
}
