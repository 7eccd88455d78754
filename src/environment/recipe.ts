/**
 * What has to be built for a task, as data: a chain of stages, each keyed by everything above it. Equal keys mean equal layers, so tasks share every stage up to the first
 * that differs: setup steps come first and see nothing of the task, not even its variables.
 */
import { digestOf } from '../base/digest.ts';
import type { BuildStep, SandboxBase, TaskInstance } from '../contracts/index.ts';
import { sandboxEnv } from './build-env.ts';
import type { EnvironmentBase } from './environment-base.ts';
import { FINISH_REPOSITORY, GIT_SCRIPT_ENV, IMPORT_ARCHIVE, IMPORT_STREAM } from './git-scripts.ts';

/** Where the repository lies in every environment. */
export const WORKDIR = '/testbed';

export type Stage = { key: string; name: string } & (
  | {
      kind: 'setup' | 'step';
      step: BuildStep;
      env: Record<string, string>;
      cwd: string;
      /** Given to the step's stdin; the key has to cover it. */
      input?: (signal: AbortSignal) => Promise<Uint8Array>;
    }
  | { kind: 'repository' }
  | { kind: 'finish' }
  /** The environment stands; its repository is made fit for an agent. */
  | { kind: 'base-state' }
);

export interface Recipe {
  /** Of base, stages and env: equal digests are interchangeable environments. */
  digest: string;
  base: SandboxBase;
  stages: Stage[];
  /** The environment of agents and grading. */
  env: Record<string, string>;
}

/** Raised when the same text would be built in another way. */
const RECIPE_VERSION = 1;

const SCRIPTS_DIGEST = digestOf([IMPORT_STREAM, IMPORT_ARCHIVE, FINISH_REPOSITORY, GIT_SCRIPT_ENV]);

/** `source` is the digest of the repository's source (`sourceDigest`). */
export function environmentRecipe(instance: TaskInstance, source: string, on: EnvironmentBase): Recipe {
  const { setup, steps, env } = instance.task.environment;
  const stages: Stage[] = [];
  let parent = digestOf({
    version: RECIPE_VERSION,
    base: on.digest,
    path: on.path,
    home: on.home,
    workdir: WORKDIR,
  });
  const chain = (content: unknown) => {
    parent = digestOf({ parent, content });
    return parent;
  };
  const bare = sandboxEnv(on);
  for (const step of setup) {
    const key = chain({ setup: step.run, network: step.network, env: bare });
    stages.push({ kind: 'setup', key, name: step.name, step, env: bare, cwd: '/' });
  }
  stages.push({ kind: 'repository', key: chain({ source, scripts: SCRIPTS_DIGEST }), name: 'repository' });
  const full = sandboxEnv(on, env);
  for (const step of steps) {
    const key = chain({ step: step.run, network: step.network, env: full });
    stages.push({ kind: 'step', key, name: step.name, step, env: full, cwd: WORKDIR });
  }
  if (steps.length > 0) stages.push({ kind: 'finish', key: chain({ finish: SCRIPTS_DIGEST }), name: 'finish' });
  return {
    digest: digestOf({ chain: parent, env: full, workdir: WORKDIR }),
    base: on.base,
    stages,
    env: full,
  };
}
