/** Built environments: the repository at its base state with everything installed, as layers that any number of sandboxes share. */
import type { LayerRef, SandboxBase } from './sandbox.ts';
import type { TaskInstance } from './task.ts';

export interface BuiltEnvironment {
  /** Digest of base, source, steps and env: equal digests are interchangeable. */
  digest: string;
  base: SandboxBase;
  layers: LayerRef[];
  workdir: string;
  env: Record<string, string>;
  /** HEAD of the prepared repository: the one commit an agent sees; patches are diffs against it. */
  baseCommit: string;
  cached: boolean;
  buildMs: number;
}

export interface EnvironmentBuilder {
  /**
   * Builds or finds the environment. Each step once per digest, also when many ask at once. The result holds no commit, ref, reflog or
   * object beyond the base state, no hidden test and no gold: proved by a check after preparation, else `environment-unclean`.
   * Throws `environment-build-failed` with the step, its last lines and the log's path.
   */
  ensure(instance: TaskInstance, signal: AbortSignal, onProgress?: (line: string) => void): Promise<BuiltEnvironment>;
  /** The gold patch against `baseCommit`; derived in a sandbox of its own where the task says so, and cached. */
  gold(instance: TaskInstance, signal: AbortSignal): Promise<string>;
}
