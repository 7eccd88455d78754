/**
 * Environments of instances, built from a local repository and a package index: installer -> interpreter and test tools -> history -> repository. Each layer is built once
 * and shared by all instances with the same recipe up to there.
 */
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { digestOf } from '../../base/digest.ts';
import type { AssayPaths } from '../../base/paths.ts';
import {
  AssayError,
  type BuiltEnvironment,
  type LayerRef,
  type SandboxBackend,
  sandboxLimitsSchema,
} from '../../contracts/index.ts';
import { networkEnv, sandboxEnv } from '../../environment/build-env.ts';
import { StageBuilder } from '../../environment/build-stage.ts';
import { type EnvironmentBase, hostAsBase, imageEnvironmentBase } from '../../environment/environment-base.ts';
import { environmentLayout, type StageRecord } from '../../environment/environment-layout.ts';
import type { Recipe, Stage } from '../../environment/recipe.ts';
import { registryConfig } from '../../environment/registry-config.ts';
import { type HostBase, hostBase } from '../../sandbox/host-base.ts';
import { canTravel, findPythons, type HostPython } from '../../sandbox/host-pythons.ts';
import type { SwebenchInstance } from '../contracts.ts';
import {
  HISTORY_STEP,
  INSTALLER_STEP,
  interpreterStep,
  pythonStep,
  repositoryStep,
  TESTBED,
} from './environment-scripts.ts';
import { interpreterArchive } from './interpreter-archive.ts';
import { findRepository, type LocalRepository } from './local-repository.ts';
import { buildRequirements, indexDate, type PythonRecipe, pythonRecipe, RECIPE_REPOSITORIES } from './python-recipe.ts';

export interface SwebenchEnvironmentsOptions {
  backend: SandboxBackend;
  paths: AssayPaths;
  /** Folders with git repositories. */
  repos: readonly string[];
  /** Image under everything, with bash, git, tar, python3 and its venv, and what the interpreters are linked to. Default: this machine's own programs. */
  image?: string;
  env?: NodeJS.ProcessEnv;
  hostBase?: () => Promise<HostBase>;
}

/** Where instances get a place to run in. */
export interface SwebenchEnvironments {
  /** Digest of the environment, without building it; undefined when only fetching it would tell. Throws like `ensure`, but for what building throws. */
  digest(instance: SwebenchInstance): Promise<string | undefined>;
  /**
   * Builds or finds the environment of an instance. Throws `environment-build-failed` with the step and its log, `file-not-found` without its repository,
   * `environment-tool-missing` without its interpreter, `task-invalid` without a recipe.
   */
  ensure(
    instance: SwebenchInstance,
    signal: AbortSignal,
    onProgress?: (line: string) => void,
  ): Promise<BuiltEnvironment>;
}

const BUILD_LIMITS = sandboxLimitsSchema.parse({
  memoryBytes: 6 * 1024 ** 3,
  diskBytes: 6 * 1024 ** 3,
  pids: 2048,
  wallSeconds: 3600,
});

/** Variables of every instance: installs neither look for other builders than those that are there nor (without network) wait for an index. */
const INSTANCE_ENV: Readonly<Record<string, string>> = {
  // pip reads this one the other way round: 0 turns the isolation of builds off.
  PIP_NO_BUILD_ISOLATION: '0',
  PIP_RETRIES: '0',
  PIP_ROOT_USER_ACTION: 'ignore',
  CI: '',
};

export function createSwebenchEnvironments(options: SwebenchEnvironmentsOptions): SwebenchEnvironments {
  const env = options.env ?? process.env;
  const layout = environmentLayout(options.paths.environments);
  const stageBuilder = new StageBuilder({
    backend: options.backend,
    layout,
    limits: BUILD_LIMITS,
    networkEnv: async (seesHost) => networkEnv(env, await registryConfig(env), seesHost),
  });
  const repositories = new Map<string, Promise<LocalRepository>>();
  const repositoryOf = (repo: string) => {
    const known = repositories.get(repo) ?? findRepository(repo, options.repos);
    repositories.set(repo, known);
    known.catch(() => {}); // thrown to everyone who waits for it
    return known;
  };
  const { image, backend } = options;
  let ground: Promise<Ground> | undefined;
  const groundOf = () => {
    ground ??= image === undefined ? hostGround(options.hostBase ?? hostBase) : imageGround(image, backend);
    ground.catch(() => {
      ground = undefined; // the next instance tries anew
    });
    return ground;
  };
  const recipeFor = async (instance: SwebenchInstance) =>
    recipeOf(instance, await repositoryOf(instance.repo), await groundOf());
  return {
    digest: async (instance) => (await recipeFor(instance)).digest,
    async ensure(instance, signal, onProgress = () => {}) {
      const started = performance.now();
      const recipe = await recipeFor(instance);
      const layers: LayerRef[] = [];
      const records: StageRecord[] = [];
      let cached = true;
      for (const stage of recipe.stages) {
        const found = await stageBuilder.find(stage, layers);
        cached &&= found !== null;
        const record =
          found ??
          (await stageBuilder.ensure(stage, {
            recipe,
            layers: [...layers],
            baseCommit: instance.base_commit,
            source: refuseSource,
            signal,
            onProgress,
          }));
        records.push(record);
        if (record.layer !== null) layers.push({ digest: record.layer });
      }
      const buildMs = cached ? 0 : Math.round(performance.now() - started);
      const record = {
        digest: recipe.digest,
        stages: records.map((one) => one.key),
        layers: layers.map((one) => one.digest),
        baseCommit: instance.base_commit,
        repo: instance.repo,
        builtAt: new Date().toISOString(),
        buildMs,
      };
      await writeFileAtomic(layout.environment(recipe.digest), JSON.stringify(record));
      const { digest, base } = recipe;
      return {
        digest,
        base,
        layers,
        workdir: TESTBED,
        env: recipe.env,
        baseCommit: instance.base_commit,
        cached,
        buildMs,
      };
    },
  };
}

/** What environments are built on, and the interpreters that can be had there. */
interface Ground {
  on: EnvironmentBase;
  pythons: readonly HostPython[];
}

async function hostGround(host: () => Promise<HostBase>): Promise<Ground> {
  const base = await host();
  return { on: hostAsBase(base), pythons: base.pythons };
}

async function imageGround(image: string, backend: SandboxBackend): Promise<Ground> {
  const [on, pythons] = await Promise.all([imageEnvironmentBase(image, backend), findPythons()]);
  return { on, pythons: pythons.filter(canTravel) };
}

async function recipeOf(
  instance: SwebenchInstance,
  repository: LocalRepository,
  { on, pythons }: Ground,
): Promise<Recipe> {
  const recipe = pythonRecipe(instance.repo, instance.version);
  if (recipe === undefined) throw noRecipe(instance);
  const python = interpreterOf(recipe, instance, pythons);
  const dated = instance.environment_setup_commit ?? instance.base_commit;
  const times = await Promise.all([dated, instance.base_commit].map((commit) => repository.commitTime(commit)));
  const source = {
    interpreter: python.prefix === undefined ? python.path : undefined,
    indexDate: indexDate(recipe.python, Math.max(...times)),
  };
  const anchor = await repository.anchor(instance.base_commit);
  const bare = sandboxEnv(on);
  const env = sandboxEnv(on, INSTANCE_ENV);
  const stages: Stage[] = [];
  let parent = digestOf({ swebench: 1, base: on.digest, path: on.path, env });
  const add = (name: string, run: string, cwd: string, more: { network: boolean; input?: () => Promise<Buffer> }) => {
    parent = digestOf({ parent, name, run, network: more.network });
    stages.push({
      kind: 'step',
      key: parent,
      name,
      step: { name, run, network: more.network, timeoutSeconds: 2400 },
      env: name === 'repository' ? env : bare,
      cwd,
      ...(more.input === undefined ? {} : { input: more.input }),
    });
  };
  add('installer', INSTALLER_STEP, '/', { network: true });
  const { prefix } = python;
  if (prefix !== undefined) {
    add('interpreter', interpreterStep(prefix), '/', { network: false, input: () => interpreterArchive(prefix) });
  }
  add('python', pythonStep(recipe, source), '/', { network: true });
  if (anchor !== null) {
    // The object's name stands in the text, so that it is part of the key.
    const run = `# ${anchor}\n${HISTORY_STEP}`;
    add('history', run, TESTBED, { network: false, input: () => packed(repository, anchor, null) });
  }
  const [pyproject = '', setupCfg = '', setupPy = ''] = await Promise.all(
    ['pyproject.toml', 'setup.cfg', 'setup.py'].map((path) => repository.file(instance.base_commit, path)),
  );
  const run = repositoryStep(recipe, {
    ...source,
    baseCommit: instance.base_commit,
    buildRequirements: buildRequirements(pyproject, setupCfg, setupPy),
  });
  add('repository', run, TESTBED, { network: true, input: () => packed(repository, instance.base_commit, anchor) });
  return { digest: digestOf({ chain: parent, env }), base: on.base, stages, env };
}

/** Tags of the commit, an empty line, and a pack of what it reaches beyond `known`. */
async function packed(repository: LocalRepository, commit: string, known: string | null): Promise<Buffer> {
  const tags = await repository.tags(commit);
  const before = known === null ? [] : await repository.tags(known);
  const objects = (lines: readonly string[]) => lines.map((line) => line.split(' ')[1] ?? '');
  const pack = await repository.pack([commit, ...objects(tags)], known === null ? [] : [known, ...objects(before)]);
  return Buffer.concat([Buffer.from(`${tags.map((line) => `${line}\n`).join('')}\n`), pack]);
}

function interpreterOf(recipe: PythonRecipe, instance: SwebenchInstance, pythons: readonly HostPython[]): HostPython {
  const found = pythons.find((one) => one.minor === recipe.python);
  if (found !== undefined) return found;
  const there = pythons.map((one) => one.version).join(', ') || 'none';
  const message = `${instance.instance_id} needs Python ${recipe.python}; found: ${there}`;
  throw new AssayError('environment-tool-missing', message, {
    class: 'infra',
    retryable: false,
    hint: `Install it, e.g. with \`pyenv install ${recipe.python}\` or \`uv python install ${recipe.python}\`.`,
  });
}

function noRecipe(instance: SwebenchInstance): AssayError {
  const message = `there is no recipe to build environments of ${instance.repo}`;
  return new AssayError('task-invalid', message, {
    class: 'input',
    retryable: false,
    hint: `Without --repos the row runs in its published image. Recipes: ${RECIPE_REPOSITORIES.join(', ')}.`,
  });
}

async function refuseSource(): Promise<never> {
  throw new AssayError('internal', 'environments of SWE-bench instances have no archive as source', { class: 'infra' });
}
