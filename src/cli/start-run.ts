/** Begins or goes on with a run: what `run`, `resume` and `demo` share. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { hostFacts } from '../base/host-facts.ts';
import {
  type AgentLimits,
  AssayError,
  type AttemptRef,
  type ForkEdit,
  type OpenRun,
  type RunManifest,
  type RunRecord,
  sandboxLimitsSchema,
} from '../contracts/index.ts';
import { overlapWarning, type TrainingOverlap, trainingOverlap } from '../critic/training-overlap.ts';
import { forkRun } from '../run/fork-run.ts';
import { requeueRun } from '../run/requeue-run.ts';
import { runAll } from '../run/run-all.ts';
import type { RunControl } from '../run/run-control.ts';
import type { ShareOptions } from '../run/shared-work.ts';
import { offerRun, PROMPT_FILE } from '../share/offer.ts';
import { openSharedStore, storeReference } from '../share/open-shared-store.ts';
import { createRun, openRun } from '../store/file-run-store.ts';
import { loadRunRecord, readManifest } from '../store/load-run-record.ts';
import { newRunId } from '../store/run-folder.ts';
import {
  checkModel,
  type Engine,
  type ModelSettings,
  openAgent,
  openEngine,
  openRunModel,
  priceVersion,
  runPorts,
} from './compose.ts';
import type { ExitCode } from './flag.ts';
import { interruptible, withInterrupt } from './interrupt.ts';
import { joinedRunId, offeredReference, openJoinedRun, sharedBudget, shareOptions } from './join-run.ts';
import { checkCritic, openLiveCritic } from './open-critic.ts';
import { reopenTaskSet, type TaskSet } from './open-task-set.ts';
import type { Progress } from './progress.ts';
import { DEFAULT_JOBS } from './run-flags.ts';
import type { SandboxChoice } from './sandbox-flags.ts';
import { assayVersion } from './version.ts';

const settingsSchema = z.object({
  temperature: z.number().optional(),
  maxOutputTokens: z.number().optional(),
  baseUrl: z.string().optional(),
  prices: z.string().optional(),
  record: z.string().optional(),
  budgetUsd: z.number().optional(),
  critic: z.string().optional(),
  lookahead: z.number().optional(),
  lookaheadFork: z.boolean().optional(),
  untilScore: z.number().optional(),
  recover: z.boolean().optional(),
  recoverFall: z.number().optional(),
  recoverShare: z.number().optional(),
});

export interface NewRun {
  tasks: TaskSet;
  settings: ModelSettings;
  prompt?: string | undefined;
  attempts: number;
  limits: AgentLimits;
  runsDir: string;
  runId?: string | undefined;
  jobs: number;
  sandbox?: SandboxChoice;
  /** Already under the tasks. */
  image?: string | undefined;
  /** The run is shared with other processes. `store`: its URL. */
  join?: { store: string; leaseSeconds: number } | undefined;
}

export interface RunOutcome {
  record: RunRecord;
  exitCode: ExitCode;
  /** What the critic of the run had seen of its tasks before; null for nothing, or without a critic. */
  trainedOnThese: TrainingOverlap | null;
}

/** Checks key, model, prompt and sandboxes before anything is written; then runs. */
export async function beginRun(options: NewRun, progress: Progress): Promise<RunOutcome> {
  const agent = openAgent(options.settings, options.prompt);
  await checkCritic(options.settings);
  await checkModel(options.settings, options.limits);
  const { sandbox: choice = { sandbox: 'native' } } = options;
  const engine = await openEngine(choice);
  try {
    const { model, ...parameters } = options.settings;
    const { dataset, table } = options.tasks;
    const { join: shared } = options;
    const manifest: RunManifest = {
      formatVersion: 1,
      runId: options.runId ?? newRunId(),
      createdAt: new Date().toISOString(),
      assayVersion: assayVersion(),
      dataset: {
        name: dataset.name,
        reference: dataset.reference,
        digest: dataset.digest,
        instances: dataset.instances.map((one) => ({
          instanceId: one.instanceId,
          digest: one.digest,
          repo: one.task.repo,
        })),
        ...(table === undefined ? {} : { table }),
      },
      agent: {
        name: agent.name,
        digest: agent.digest,
        ...(options.prompt === undefined ? {} : { promptFile: PROMPT_FILE }),
      },
      model: {
        id: model,
        parameters: Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined)),
      },
      attempts: options.attempts,
      jobs: options.jobs,
      limits: options.limits,
      sandboxLimits: sandboxLimitsSchema.parse({}),
      sandbox: { backend: choice.sandbox, ...(options.image === undefined ? {} : { image: options.image }) },
      priceTable: await priceVersion(options.settings),
      ...(shared === undefined ? {} : { join: { ...shared, store: storeReference(shared.store) } }),
      host: hostFacts(),
    };
    if (shared !== undefined) return await joinRun(options, manifest, engine, progress);
    const run = await createRun(options.runsDir, manifest);
    if (options.prompt !== undefined) await writeFileAtomic(join(run.dir, PROMPT_FILE), options.prompt);
    return await work({ ...options, run, engine }, progress);
  } finally {
    await engine.close();
  }
}

/** Offers the run, or joins the one that is offered, and works on it until nothing is left. */
async function joinRun(options: NewRun, own: RunManifest, engine: Engine, progress: Progress): Promise<RunOutcome> {
  const { prompt, runsDir } = options;
  const store = await openSharedStore(own.join?.store ?? '');
  try {
    const runId = options.runId ?? joinedRunId(own);
    const manifest = { ...own, runId, dataset: { ...own.dataset, reference: offeredReference(own.dataset.reference) } };
    const offer = await offerRun(store, { manifest, ...(prompt === undefined ? {} : { prompt }) });
    const run = await openJoinedRun(runsDir, offer, own);
    const share = await shareOptions(run, store, { gather: true, retryFailed: false });
    return await work({ ...options, run, engine, share }, progress);
  } finally {
    await store.close();
  }
}

export interface ContinueOptions {
  jobs?: number | undefined;
  tier?: string | undefined;
  /** Replaces the budget. */
  budgetUsd?: number | undefined;
  /** Stops it; absent: the signals of this process. */
  control?: RunControl;
}

/** Goes on with a run; what it needs stands in its lock. In a shared run what has failed is first opened to all again. */
export async function continueRun(dir: string, options: ContinueOptions, progress: Progress): Promise<RunOutcome> {
  const { join: shared } = await readManifest(dir);
  if (shared === undefined) return await continueHere(dir, options, progress);
  const store = await openSharedStore(shared.store);
  try {
    const how = { gather: true, retryFailed: true };
    return await continueHere(dir, options, progress, (run) => shareOptions(run, store, how));
  } finally {
    await store.close();
  }
}

/** `shareOf`: of a run that is shared. */
export async function continueHere(
  dir: string,
  options: ContinueOptions,
  progress: Progress,
  shareOf?: (run: OpenRun) => Promise<ShareOptions>,
): Promise<RunOutcome> {
  const { sandbox = { backend: 'native' } } = await readManifest(dir);
  const engine = await openEngine({ sandbox: sandbox.backend, tier: options.tier });
  try {
    const run = await openRun(dir);
    const { manifest } = run;
    const tasks = await withInterrupt((signal) => reopenTaskSet(manifest, signal));
    const settings = {
      ...settingsOf(manifest),
      ...(options.budgetUsd === undefined ? {} : { budgetUsd: options.budgetUsd }),
    };
    const prompt =
      manifest.agent.promptFile === undefined
        ? undefined
        : await readFile(join(dir, manifest.agent.promptFile), 'utf8');
    const jobs = options.jobs ?? manifest.jobs ?? DEFAULT_JOBS;
    const share = await shareOf?.(run);
    const { control } = options;
    return await work({ run, engine, tasks, settings, prompt, jobs, share, control }, progress);
  } finally {
    await engine.close();
  }
}

/** What a run fixes about model and agent. */
function settingsOf({ model }: RunManifest): ModelSettings {
  return { model: model.id, ...settingsSchema.parse(model.parameters) };
}

/** Of a run that another process offers. Throws `config-invalid` when this machine has other prices than it. */
export async function offeredSettings(manifest: RunManifest): Promise<ModelSettings> {
  const settings = settingsOf(manifest);
  const prices = await priceVersion(settings);
  if (prices === manifest.priceTable) return settings;
  const message = `Run ${manifest.runId} has prices ${manifest.priceTable}, this machine has ${prices}.`;
  throw new AssayError('config-invalid', message, { class: 'input', retryable: false });
}

export interface NewFork {
  /** Folder of the run that is forked. */
  source: string;
  runsDir: string;
  ref: AttemptRef;
  step: number;
  edit: ForkEdit;
  /** Absent: as in the source. */
  model?: string | undefined;
  prompt?: string | undefined;
  runId?: string | undefined;
}

/** Makes the run of a fork; `continueRun` goes on with it. Checks key, model and prompt before anything is written. */
export async function beginFork(options: NewFork): Promise<{ dir: string }> {
  const source = await loadRunRecord(options.source);
  const { manifest } = source;
  const settings = derivedSettings(manifest, options.model);
  await checkModel(settings, manifest.limits);
  const { model: id, ...parameters } = settings;
  const { prompt } = options;
  const changed = options.model !== undefined && options.model !== manifest.model.id;
  return await forkRun({
    runsDir: options.runsDir,
    source,
    ref: options.ref,
    step: options.step,
    edit: options.edit,
    runId: options.runId ?? newRunId(),
    parameters,
    ...(changed ? { model: id } : {}),
    ...(prompt === undefined ? {} : { prompt, agentDigest: openAgent(settings, prompt).digest }),
    priceTable: await priceVersion(settings),
    assayVersion: assayVersion(),
  });
}

export interface NewRequeue {
  source: RunRecord;
  runsDir: string;
  instanceIds: ReadonlySet<string>;
  attempts: number;
  runId?: string | undefined;
}

/** Makes the run that attempts instances of another run again; `continueRun` goes on with it. Checks key and model before anything is written. */
export async function beginRequeue({ source, runId = newRunId(), ...chosen }: NewRequeue): Promise<{ dir: string }> {
  const settings = derivedSettings(source.manifest);
  await checkModel(settings, source.manifest.limits);
  const { model: _, ...parameters } = settings;
  const priceTable = await priceVersion(settings);
  return await requeueRun({ source, runId, ...chosen, parameters, priceTable, assayVersion: assayVersion() });
}

/** A cassette belongs to the run that records it, an address to the model it was given for. */
function derivedSettings({ model: { id, parameters } }: RunManifest, model?: string): ModelSettings {
  const { record: _, baseUrl, ...kept } = settingsSchema.parse(parameters);
  return { ...kept, ...(model === undefined && baseUrl !== undefined ? { baseUrl } : {}), model: model ?? id };
}

interface OpenWork extends Pick<NewRun, 'tasks' | 'settings' | 'prompt' | 'jobs'> {
  /** Closed at the end. */
  run: OpenRun;
  engine: Engine;
  share?: ShareOptions | undefined;
  control?: RunControl | undefined;
}

async function work(open: OpenWork, progress: Progress): Promise<RunOutcome> {
  const { run, engine, tasks, settings, prompt, jobs, share } = open;
  const { control, dispose } =
    open.control === undefined ? interruptible(progress.say) : { control: open.control, dispose: () => {} };
  const budget = share === undefined ? undefined : sharedBudget(run, share, settings.budgetUsd, control.signal);
  const critic = settings.critic === undefined ? undefined : await openLiveCritic(settings.critic);
  const trainedOnThese = critic === undefined ? null : trainingOverlap(critic, [run.manifest]);
  if (critic !== undefined && trainedOnThese !== null)
    process.stderr.write(`warning: ${overlapWarning(critic.name, trainedOnThese)}\n`);
  try {
    const before = (await run.record()).attempts.reduce((sum, one) => sum + (one.totals?.usd ?? 0), 0);
    const openNow = () => openRunModel(settings, run.dir, budget ?? before);
    const ports = runPorts(
      { ...engine, gradePorts: tasks.portsOf(engine) },
      run.manifest,
      settings,
      openAgent(settings, prompt),
      openNow,
      critic,
    );
    const { untilScore } = settings;
    const { observe } = progress;
    const { instances } = tasks.dataset;
    const record = await runAll({ run, instances, ports, jobs, control, untilScore, observe, share });
    await budget?.publish();
    progress.stop();
    if (record.status === 'interrupted') process.stderr.write(`interrupted; go on with: assay resume ${run.dir}\n`);
    return { record, exitCode: exitCodeOf(record), trainedOnThese };
  } finally {
    progress.stop();
    dispose();
    await critic?.close();
    await run.close();
  }
}

function exitCodeOf(record: RunRecord): ExitCode {
  if (record.status === 'interrupted') return 130;
  const measured = record.attempts.every((attempt) => attempt.state !== 'failed');
  return record.status === 'completed' && measured ? 0 : 3;
}
