/** Where agents work on SWE-bench instances: the environment that grades them, with a repository that holds nothing of what came after the base commit. */
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { digestOf } from '../../base/digest.ts';
import type { AssayPaths } from '../../base/paths.ts';
import {
  AssayError,
  type BuiltEnvironment,
  type EnvironmentBuilder,
  type SandboxBackend,
  sandboxLimitsSchema,
  type TaskInstance,
} from '../../contracts/index.ts';
import { COMMIT_BASE_STATE } from '../../environment/base-state-script.ts';
import { StageBuilder, type StageContext } from '../../environment/build-stage.ts';
import { environmentLayout } from '../../environment/environment-layout.ts';
import { GIT_SCRIPT_ENV } from '../../environment/git-scripts.ts';
import type { Stage } from '../../environment/recipe.ts';
import type { SwebenchInstance } from '../contracts.ts';
import { ENV_FOLDER } from '../environment/environment-scripts.ts';
import type { SwebenchEnvironments } from '../environment/swebench-environments.ts';
import { SUITE_LIMITS } from '../suite-limits.ts';

export interface AgentEnvironmentsOptions {
  backend: SandboxBackend;
  paths: AssayPaths;
  /** What grades. */
  environments: SwebenchEnvironments;
  rows: ReadonlyMap<string, SwebenchInstance>;
}

const LIMITS = sandboxLimitsSchema.parse(SUITE_LIMITS);

/** `ensure` throws what the grading environments throw, and `environment-build-failed` when the repository cannot be made fit. */
export function createAgentEnvironments(options: AgentEnvironmentsOptions): EnvironmentBuilder {
  const { backend, paths, environments, rows } = options;
  const layout = environmentLayout(paths.environments);
  const builder = new StageBuilder({ backend, layout, limits: LIMITS, networkEnv: refuseNetwork });
  return {
    async ensure(instance, signal, onProgress = () => {}) {
      const started = performance.now();
      const row = rowOf(rows, instance);
      const below = await environments.ensure(row, signal, onProgress);
      const stage = baseStateOf(below);
      const found = await builder.find(stage, below.layers);
      const record = found ?? (await builder.ensure(stage, contextOf(below, signal, onProgress)));
      const layers = [...below.layers, ...(record.layer === null ? [] : [{ digest: record.layer }])];
      const baseCommit = record.baseCommit ?? below.baseCommit;
      const cached = below.cached && found !== null;
      const buildMs = cached ? 0 : Math.round(performance.now() - started);
      const kept = { digest: stage.key, stages: [stage.key], layers: layers.map(({ digest }) => digest), baseCommit };
      const builtAt = new Date().toISOString();
      await writeFileAtomic(
        layout.environment(stage.key),
        JSON.stringify({ ...kept, repo: row.repo, builtAt, buildMs }),
      );
      return { ...below, digest: stage.key, layers, baseCommit, cached, buildMs, env: withTestbed(below.env) };
    },
    gold: async (instance) => rowOf(rows, instance).patch,
  };
}

function baseStateOf({ digest, baseCommit }: BuiltEnvironment): Stage {
  const key = digestOf({ baseState: 1, below: digest, baseCommit, script: COMMIT_BASE_STATE, env: GIT_SCRIPT_ENV });
  return { kind: 'base-state', key, name: 'base state' };
}

function contextOf(
  { digest, base, env, layers, baseCommit }: BuiltEnvironment,
  signal: AbortSignal,
  onProgress: (line: string) => void,
): StageContext {
  const recipe = { digest, base, stages: [], env };
  return { recipe, layers, baseCommit, source: refuseSource, signal, onProgress };
}

/** What the published scripts activate by hand comes first: the agent's `python` is the one of the tests. */
function withTestbed(env: Readonly<Record<string, string>>): Record<string, string> {
  return { ...env, PATH: `${ENV_FOLDER}/bin:${env.PATH ?? '/usr/bin:/bin'}` };
}

export function rowOf(rows: ReadonlyMap<string, SwebenchInstance>, { instanceId }: TaskInstance): SwebenchInstance {
  const row = rows.get(instanceId);
  if (row !== undefined) return row;
  throw new AssayError('internal', `${instanceId} has no row`, { class: 'infra' });
}

async function refuseNetwork(): Promise<never> {
  throw new AssayError('internal', 'no step of an agent environment has network', { class: 'infra' });
}

async function refuseSource(): Promise<never> {
  throw new AssayError('internal', 'an agent environment has no source of its own', { class: 'infra' });
}
