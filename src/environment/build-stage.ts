/**
 * Builds one stage into a layer, once per key: among callers in this process, among processes (lock file), and for ever after (record). A record is written only after its
 * layer is complete, so a build that was killed leaves nothing that is reused.
 */
import { writeFileAtomic } from '../base/atomic-file.ts';
import { digestOf } from '../base/digest.ts';
import { withFileLock } from '../base/file-lock.ts';
import { readRecord } from '../base/read-record.ts';
import {
  AssayError,
  type BuildStep,
  type LayerRef,
  type Sandbox,
  type SandboxBackend,
  type SandboxLimits,
  type SandboxNetwork,
} from '../contracts/index.ts';
import { bringCertificates } from './bring-certificates.ts';
import type { NetworkEnv } from './build-env.ts';
import type { EnvironmentLayout, StageRecord } from './environment-layout.ts';
import { stageRecordSchema } from './environment-layout.ts';
import {
  commitBaseState,
  finishRepository,
  prepareRepository,
  repositoryProblems,
  type SourceContent,
} from './prepare-repository.ts';
import { type Recipe, type Stage, WORKDIR } from './recipe.ts';
import { runStep } from './run-step.ts';
import { SingleFlight } from './single-flight.ts';

export interface StageBuilderOptions {
  backend: SandboxBackend;
  layout: EnvironmentLayout;
  limits: SandboxLimits;
  /** For steps with network. */
  networkEnv: (seesHost: boolean) => Promise<NetworkEnv>;
}

export interface StageContext {
  recipe: Recipe;
  /** State left by the stages below. */
  layers: readonly LayerRef[];
  baseCommit: string | null;
  source: (signal: AbortSignal) => Promise<SourceContent>;
  signal: AbortSignal;
  onProgress: (line: string) => void;
}

const NO_NETWORK: NetworkEnv = { env: {}, certificates: {}, withheld: [] };

/** Long histories are read whole. */
const BASE_STATE_SECONDS = 1800;

export class StageBuilder {
  private readonly flights = new SingleFlight();
  private readonly options: StageBuilderOptions;

  constructor(options: StageBuilderOptions) {
    this.options = options;
  }

  /** The record of a stage that was built over exactly these layers, all still in the store, or null. */
  async find(stage: Stage, layers: readonly LayerRef[]): Promise<StageRecord | null> {
    const record = await readRecord(this.options.layout.stage(stage.key), stageRecordSchema);
    if (record === null || record.key !== stage.key || record.below !== digestOf(layers)) return null;
    if (record.layer !== null && !(await this.options.backend.hasLayer({ digest: record.layer }))) return null;
    return record;
  }

  /** Finds or builds. Throws `environment-build-failed`, `cancelled` and what the backend throws. */
  async ensure(stage: Stage, context: StageContext): Promise<StageRecord> {
    const found = await this.find(stage, context.layers);
    if (found !== null) return found;
    return this.flights.run(stage.key, context.signal, (signal) => {
      const onWait = (owner: { pid: number }) =>
        context.onProgress(`${stage.name}: waiting for process ${owner.pid}, which builds it`);
      const body = async () => {
        const meanwhile = await this.find(stage, context.layers);
        return meanwhile ?? this.build(stage, { ...context, signal });
      };
      return withFileLock(this.options.layout.lock(stage.key), signal, body, onWait);
    });
  }

  private async build(stage: Stage, context: StageContext): Promise<StageRecord> {
    const started = performance.now();
    context.onProgress(`${stage.name}: building`);
    const built = await (stage.kind === 'repository'
      ? this.buildRepository(context)
      : stage.kind === 'finish'
        ? this.buildFinish(context)
        : stage.kind === 'base-state'
          ? this.buildBaseState(context)
          : this.buildStep(stage, context));
    const buildMs = Math.round(performance.now() - started);
    const { key, kind, name } = stage;
    const below = digestOf(context.layers);
    const record: StageRecord = { key, kind, name, below, ...built, buildMs, builtAt: new Date().toISOString() };
    await writeFileAtomic(this.options.layout.stage(key), JSON.stringify(record));
    context.onProgress(`${name}: built in ${(buildMs / 1000).toFixed(1)} s`);
    return record;
  }

  private async buildRepository(context: StageContext) {
    const source = await context.source(context.signal);
    return this.inSandbox(context, { purpose: 'repository' }, async (sandbox) => {
      const baseCommit = await prepareRepository(sandbox, source, { workdir: WORKDIR, signal: context.signal });
      return { layer: (await sandbox.snapshot()).digest, baseCommit };
    });
  }

  /** Steps often touch nothing that git sees; then there is nothing to finish, and no layer. */
  private async buildFinish(context: StageContext) {
    const base = requireBase(context);
    return this.inSandbox(context, { purpose: 'finish' }, async (sandbox) => {
      const place = { workdir: WORKDIR, signal: context.signal };
      const problems = await problemsOf(sandbox, base, place);
      if (problems.length === 0) return { layer: null, baseCommit: base };
      refuseNested(problems);
      const baseCommit = await finishRepository(sandbox, base, place);
      return { layer: (await sandbox.snapshot()).digest, baseCommit };
    });
  }

  private async buildBaseState(context: StageContext) {
    const base = requireBase(context);
    return this.inSandbox(context, { purpose: 'base state', seconds: BASE_STATE_SECONDS }, async (sandbox) => {
      const place = { workdir: WORKDIR, signal: context.signal, timeoutSeconds: BASE_STATE_SECONDS };
      const baseCommit = await commitBaseState(sandbox, base, place);
      return { layer: (await sandbox.snapshot()).digest, baseCommit };
    });
  }

  private async buildStep(stage: Stage & { kind: 'setup' | 'step' }, context: StageContext) {
    const { layout } = this.options;
    const network =
      stage.step.network === false ? NO_NETWORK : await this.options.networkEnv(context.recipe.base.kind === 'host');
    if (network.withheld.length > 0) {
      context.onProgress(`${stage.name}: not passed on, because they hold credentials: ${network.withheld.join(', ')}`);
    }
    const logPath = layout.log(stage.key);
    const options = {
      purpose: `step ${stage.name}`,
      network: networkOf(stage.step),
      env: stage.env,
      seconds: stage.step.timeoutSeconds,
    };
    return this.inSandbox(context, { ...options, workdir: stage.cwd }, async (sandbox) => {
      const input = await stage.input?.(context.signal);
      const env = { ...network.env, ...(await bringCertificates(sandbox, network.certificates)) };
      await runStep(sandbox, stage.step, {
        cwd: stage.cwd,
        env: typeof stage.step.network === 'boolean' ? env : withoutProxies(env),
        logPath,
        signal: context.signal,
        ...(input === undefined ? {} : { input }),
      });
      return { layer: (await sandbox.snapshot()).digest, baseCommit: context.baseCommit };
    });
  }

  private async inSandbox<T>(
    context: StageContext,
    options: {
      purpose: string;
      network?: SandboxNetwork;
      env?: Record<string, string>;
      seconds?: number;
      workdir?: string;
    },
    work: (sandbox: Sandbox) => Promise<T>,
  ): Promise<T> {
    const sandbox = await this.options.backend.create(
      {
        base: context.recipe.base,
        layers: context.layers,
        limits: { ...this.options.limits, wallSeconds: (options.seconds ?? 900) + 300 },
        network: options.network ?? 'none',
        env: options.env ?? context.recipe.env,
        workdir: options.workdir ?? WORKDIR,
        labels: { purpose: `build: ${options.purpose}` },
      },
      context.signal,
    );
    try {
      return await work(sandbox);
    } finally {
      await sandbox.destroy();
    }
  }
}

function networkOf({ network }: BuildStep): SandboxNetwork {
  if (typeof network === 'boolean') return network ? 'host' : 'none';
  return { allow: network };
}

/** The host's proxies are not on the list. */
function withoutProxies(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/_proxy$/i.test(name)));
}

/** A repository that cannot even be checked is made anew, or that fails with its own words. */
async function problemsOf(
  sandbox: Sandbox,
  base: string,
  place: { workdir: string; signal: AbortSignal },
): Promise<string[]> {
  try {
    return await repositoryProblems(sandbox, base, place);
  } catch (error) {
    if (place.signal.aborted || !(error instanceof AssayError) || error.failureClass !== 'task') throw error;
    return [error.message];
  }
}

/** Git would take a repository inside the work tree for a submodule, or refuse it with words about something else. */
function refuseNested(problems: readonly string[]): void {
  const nested = problems.filter((problem) => problem.startsWith('another repository: '));
  if (nested.length === 0) return;
  throw new AssayError(
    'environment-unclean',
    `A build step left another repository in the work tree:\n  ${nested.join('\n  ')}`,
    {
      class: 'task',
      retryable: false,
      hint: 'Remove its .git folder in the step.',
      details: { problems: nested },
    },
  );
}

function requireBase(context: StageContext): string {
  if (context.baseCommit !== null) return context.baseCommit;
  throw new AssayError('internal', 'a finish stage has no repository below it', { class: 'infra' });
}
