/** Environments of tasks: recipe to stages, stages to layers, a proof that nothing of the answer is in them. */
import { utimes } from 'node:fs/promises';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { digestOf, sha256 } from '../base/digest.ts';
import type { AssayPaths } from '../base/paths.ts';
import { readRecord } from '../base/read-record.ts';
import {
  AssayError,
  type BuiltEnvironment,
  type EnvironmentBuilder,
  type LayerRef,
  type SandboxBackend,
  type SandboxLimits,
  sandboxLimitsSchema,
  type TaskInstance,
} from '../contracts/index.ts';
import { fileDigest } from '../dataset/source-digest.ts';
import { type HostBase, hostBase } from '../sandbox/host-base.ts';
import { ArchiveStore, type ArchiveStoreOptions } from './archive-store.ts';
import { networkEnv } from './build-env.ts';
import { StageBuilder, type StageContext } from './build-stage.ts';
import {
  type EnvironmentBase,
  hostEnvironmentBase,
  imageEnvironmentBase,
  requireToolsInside,
} from './environment-base.ts';
import { environmentLayout, environmentRecordSchema, proofSchema, type StageRecord } from './environment-layout.ts';
import { CHECK_REPOSITORY, FIND_COPIES, OPEN_CLOSED, PATCHED_FILES } from './git-scripts.ts';
import { goldPatch } from './gold-patch.ts';
import { leaks, WRITABLE_FOLDERS } from './leak-check.ts';
import { repositoryProblems } from './prepare-repository.ts';
import { environmentRecipe, type Recipe, WORKDIR } from './recipe.ts';
import { registryConfig } from './registry-config.ts';
import { runScript } from './run-script.ts';
import { SingleFlight } from './single-flight.ts';
import { instanceSourceDigest, sourceContent } from './source-content.ts';

export interface EnvironmentBuilderOptions {
  backend: SandboxBackend;
  paths: AssayPaths;
  /** Default: this machine. */
  hostBase?: () => Promise<HostBase>;
  /** The host's variables, of which steps with network get a few. Default: `process.env`. */
  env?: NodeJS.ProcessEnv;
  /** Of build sandboxes; `wallSeconds` follows the step. Default: 4 GiB memory, 4 GiB disk, 1024 processes. */
  limits?: Partial<SandboxLimits>;
  http?: ArchiveStoreOptions['http'];
  /** Called after something was built, e.g. to keep the store to its size. What it throws fails no build. */
  onBuilt?: () => Promise<void>;
}

const BUILD_LIMITS = { memoryBytes: 4 * 1024 ** 3, diskBytes: 4 * 1024 ** 3, pids: 1024, wallSeconds: 1800 };
const PROOF_VERSION = digestOf([1, CHECK_REPOSITORY, PATCHED_FILES, FIND_COPIES, WRITABLE_FOLDERS]);

/** Builds on one backend, keeping everything below `paths`. Any number of builders, also in other processes, may share them. */
export function createEnvironmentBuilder(options: EnvironmentBuilderOptions): EnvironmentBuilder {
  return new LayeredBuilder(options);
}

class LayeredBuilder implements EnvironmentBuilder {
  private readonly backend: SandboxBackend;
  private readonly host: () => Promise<HostBase>;
  private readonly limits: SandboxLimits;
  private readonly layout: ReturnType<typeof environmentLayout>;
  private readonly archives: ArchiveStore;
  private readonly stages: StageBuilder;
  private readonly flights = new SingleFlight();
  private readonly onBuilt: () => Promise<void>;

  constructor(options: EnvironmentBuilderOptions) {
    const env = options.env ?? process.env;
    const registries = () => registryConfig(env);
    this.backend = options.backend;
    this.onBuilt = options.onBuilt ?? (async () => {});
    this.host = options.hostBase ?? hostBase;
    this.limits = sandboxLimitsSchema.parse({ ...BUILD_LIMITS, ...options.limits });
    this.layout = environmentLayout(options.paths.environments);
    this.archives = new ArchiveStore({
      folder: options.paths.downloads,
      registries,
      ...(options.http === undefined ? {} : { http: options.http }),
    });
    this.stages = new StageBuilder({
      backend: this.backend,
      layout: this.layout,
      limits: this.limits,
      networkEnv: async (seesHost) => networkEnv(env, await registries(), seesHost),
    });
  }

  async ensure(
    instance: TaskInstance,
    signal: AbortSignal,
    onProgress: (line: string) => void = () => {},
  ): Promise<BuiltEnvironment> {
    const started = performance.now();
    const on = await this.base(instance, signal);
    const recipe = environmentRecipe(instance, await instanceSourceDigest(instance), on);
    await this.requireTools(instance, on, signal);
    let cached = true;
    const records: StageRecord[] = [];
    const layers: LayerRef[] = [];
    let baseCommit: string | null = null;
    for (const stage of recipe.stages) {
      const source = (inner: AbortSignal) => sourceContent(instance, this.archives, inner);
      const found = await this.stages.find(stage, layers);
      cached &&= found !== null;
      const context: StageContext = { recipe, layers: [...layers], baseCommit, source, signal, onProgress };
      const record: StageRecord = found ?? (await this.stages.ensure(stage, context));
      records.push(record);
      if (record.layer !== null) layers.push({ digest: record.layer });
      baseCommit = record.baseCommit ?? baseCommit;
    }
    if (baseCommit === null) throw new AssayError('internal', 'the environment has no repository', { class: 'infra' });
    const state = { recipe, layers, baseCommit };
    await this.prove(instance, state, signal, onProgress);
    await this.record(instance, state, records);
    if (!cached) await this.onBuilt().catch((error: unknown) => onProgress(`after building: ${String(error)}`));
    const buildMs = cached ? 0 : Math.round(performance.now() - started);
    const { digest, base, env } = recipe;
    return { digest, base, layers, workdir: WORKDIR, env, baseCommit, cached, buildMs };
  }

  async gold(instance: TaskInstance, signal: AbortSignal): Promise<string> {
    const { backend, layout, archives, limits } = this;
    return this.flights.run(`gold ${instance.digest} ${instance.dir}`, signal, async (inner) =>
      goldPatch(instance, { backend, layout, archives, limits, on: await this.base(instance, inner) }, inner),
    );
  }

  private async base(instance: TaskInstance, signal: AbortSignal): Promise<EnvironmentBase> {
    const { image } = instance.task.environment;
    if (image === undefined) return hostEnvironmentBase(instance, await this.host());
    return this.flights.run(`image ${image}`, signal, (inner) => imageEnvironmentBase(image, this.backend, inner));
  }

  /** An image is looked into once for each list of programs. */
  private async requireTools(instance: TaskInstance, on: EnvironmentBase, signal: AbortSignal): Promise<void> {
    if (on.base.kind === 'host') return;
    const key = digestOf({ base: on.digest, tools: [...instance.task.environment.tools].sort() });
    if ((await readRecord(this.layout.proof(key), proofSchema))?.key === key) return;
    await this.flights.run(`tools ${key}`, signal, async (inner) => {
      await requireToolsInside(instance, on, { backend: this.backend, limits: this.limits, signal: inner });
      await this.writeProof({ key, environment: on.digest, instanceId: instance.instanceId });
    });
  }

  /** Checks the environment for this instance, once. Throws `environment-unclean` with everything found. */
  private async prove(
    instance: TaskInstance,
    state: BuiltState,
    signal: AbortSignal,
    onProgress: (line: string) => void,
  ): Promise<void> {
    const gold = await this.gold(instance, signal);
    const answer = { hidden: instance.hiddenFiles.map(fileDigest), gold: sha256(gold) };
    const environment = digestOf({ layers: state.layers, baseCommit: state.baseCommit });
    const key = digestOf({ version: PROOF_VERSION, environment, answer });
    if ((await readRecord(this.layout.proof(key), proofSchema))?.key === key) return;
    onProgress('checking that the environment holds nothing of the answer');
    await this.flights.run(`proof ${key}`, signal, async (inner) => {
      const problems = await this.findProblems(
        { hiddenFiles: instance.hiddenFiles, gold },
        state,
        instance.instanceId,
        inner,
      );
      if (problems.length > 0) throw unclean(instance, problems);
      await this.writeProof({ key, environment: state.recipe.digest, instanceId: instance.instanceId });
    });
  }

  private async writeProof(proof: { key: string; environment: string; instanceId: string }): Promise<void> {
    const checkedAt = new Date().toISOString();
    await writeFileAtomic(this.layout.proof(proof.key), JSON.stringify({ ...proof, checkedAt }));
  }

  private async findProblems(
    answer: Parameters<typeof leaks>[1],
    state: BuiltState,
    instance: string,
    signal: AbortSignal,
  ): Promise<string[]> {
    const sandbox = await this.backend.create(
      {
        base: state.recipe.base,
        layers: state.layers,
        limits: this.limits,
        network: 'none',
        env: state.recipe.env,
        workdir: WORKDIR,
        labels: { purpose: 'check', instance },
      },
      signal,
    );
    try {
      const place = { workdir: WORKDIR, signal };
      const folders = [WORKDIR, ...WRITABLE_FOLDERS];
      await runScript(sandbox, OPEN_CLOSED, { ...place, args: folders });
      const problems = await repositoryProblems(sandbox, state.baseCommit, place, ['/home/agent']);
      return problems.length > 0 ? problems : await leaks(sandbox, answer, place);
    } catch (error) {
      if (!(error instanceof AssayError) || error.code !== 'environment-build-failed' || error.failureClass !== 'task')
        throw error;
      throw new AssayError(
        'task-invalid',
        `${instance}: the check of the environment failed, most likely because the gold patch does not apply: ${error.message}`,
        {
          class: 'task',
          retryable: false,
          hint: 'Compare the gold patch with the base state.',
          cause: error,
          ...(error.details === undefined ? {} : { details: error.details }),
        },
      );
    } finally {
      await sandbox.destroy();
    }
  }

  /** Writes the record, or marks the one that is there as used now. */
  private async record(
    instance: TaskInstance,
    { recipe, layers, baseCommit }: BuiltState,
    stages: readonly StageRecord[],
  ): Promise<void> {
    const path = this.layout.environment(recipe.digest);
    const digests = layers.map((layer) => layer.digest);
    const old = await readRecord(path, environmentRecordSchema);
    if (old !== null && old.layers.join() === digests.join()) {
      const now = new Date();
      await utimes(path, now, now);
      return;
    }
    const buildMs = stages.reduce((sum, stage) => sum + stage.buildMs, 0);
    const record = {
      digest: recipe.digest,
      stages: stages.map((stage) => stage.key),
      layers: digests,
      baseCommit,
      repo: instance.task.repo,
      builtAt: new Date().toISOString(),
      buildMs,
    };
    await writeFileAtomic(path, JSON.stringify(record));
  }
}

interface BuiltState {
  recipe: Recipe;
  layers: LayerRef[];
  baseCommit: string;
}

function unclean(instance: TaskInstance, problems: readonly string[]): AssayError {
  return new AssayError(
    'environment-unclean',
    `The environment of ${instance.instanceId} is not clean:\n  ${problems.join('\n  ')}`,
    {
      class: 'task',
      retryable: false,
      hint: 'An agent could see this. Change the source or the build steps of the task.',
      details: { problems },
    },
  );
}
