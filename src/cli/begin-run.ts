/** A new run, of this process alone or shared with others. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { sha256 } from '../base/digest.ts';
import { hostFacts } from '../base/host-facts.ts';
import { type Agent, type AgentLimits, type RunManifest, sandboxLimitsSchema } from '../contracts/index.ts';
import { offerRun, PROMPT_FILE } from '../share/offer.ts';
import { openSharedStore, storeReference } from '../share/open-shared-store.ts';
import { createRun } from '../store/file-run-store.ts';
import { newRunId } from '../store/run-folder.ts';
import { checkModel, type Engine, openAgent, openEngine, priceVersion } from './compose.ts';
import { joinedRunId, offeredReference, openJoinedRun, shareOptions } from './join-run.ts';
import type { ModelSettings } from './model-settings.ts';
import { checkCritic } from './open-critic.ts';
import type { TaskSet } from './open-task-set.ts';
import type { Progress } from './progress.ts';
import type { SandboxChoice } from './sandbox-flags.ts';
import { assayVersion } from './version.ts';
import { type RunOutcome, workOnRun } from './work-on-run.ts';

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

const NATIVE: SandboxChoice = { sandbox: 'native' };

/** Checks key, model, prompt and sandboxes before anything is written; then runs. */
export async function beginRun(options: NewRun, progress: Progress): Promise<RunOutcome> {
  const { settings, prompt } = options;
  const agent = openAgent(settings, prompt);
  await checkCritic(settings);
  await checkModel(settings, options.limits);
  const engine = await openEngine(options.sandbox ?? NATIVE);
  try {
    const manifest = await manifestOf(options, agent);
    if (manifest.join !== undefined) return await joinRun(options, manifest, engine, progress);
    const run = await createRun(options.runsDir, manifest);
    if (prompt !== undefined) await writeFileAtomic(join(run.dir, PROMPT_FILE), prompt);
    return await workOnRun({ ...options, run, engine }, progress);
  } finally {
    await engine.close();
  }
}

async function manifestOf(options: NewRun, agent: Agent): Promise<RunManifest> {
  const { model, ...parameters } = options.settings;
  const { dataset, table } = options.tasks;
  const { join: shared, sandbox: { sandbox } = NATIVE } = options;
  return {
    formatVersion: 1,
    runId: options.runId ?? newRunId(),
    createdAt: new Date().toISOString(),
    assayVersion: assayVersion(),
    dataset: {
      name: dataset.name,
      reference: dataset.reference,
      digest: dataset.digest,
      instances: dataset.instances.map(({ instanceId, digest, task }) => ({ instanceId, digest, repo: task.repo })),
      ...(table === undefined ? {} : { table }),
    },
    agent: {
      name: agent.name,
      digest: agent.digest,
      ...(options.prompt === undefined ? {} : { promptFile: PROMPT_FILE }),
    },
    model: {
      id: model,
      parameters: {
        ...Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined)),
        ...(shared === undefined ? {} : await scriptOf(model)),
      },
    },
    attempts: options.attempts,
    jobs: options.jobs,
    limits: options.limits,
    sandboxLimits: sandboxLimitsSchema.parse({}),
    sandbox: { backend: sandbox, ...(options.image === undefined ? {} : { image: options.image }) },
    priceTable: await priceVersion(options.settings),
    ...(shared === undefined ? {} : { join: { ...shared, store: storeReference(shared.store) } }),
    host: hostFacts(),
  };
}

/** Of a scripted model: its name says only where the file lies, and processes that share a run must play the same. */
async function scriptOf(model: string): Promise<{ scriptDigest?: string }> {
  if (!model.startsWith('scripted:')) return {};
  return { scriptDigest: sha256(await readFile(model.slice('scripted:'.length))) };
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
    return await workOnRun({ ...options, run, engine, share }, progress);
  } finally {
    await store.close();
  }
}
