/** Brings a folder of labelled trajectories of other tools into the run store: one run per set-up, its repeats as attempts 1, 2, ... */
import { basename, join, resolve } from 'node:path';
import { counted } from '../base/counted.ts';
import { digestOf, sha256 } from '../base/digest.ts';
import { hostFacts } from '../base/host-facts.ts';
import { AssayError, agentLimitsSchema, type RunManifest, sandboxLimitsSchema } from '../contracts/index.ts';
import { createRun } from '../store/file-run-store.ts';
import { readManifest } from '../store/load-run-record.ts';
import { isRunLocked } from '../store/run-lock.ts';
import { attemptEvents } from './attempt-events.ts';
import { groupSetups, runIds, type Setup } from './group-setups.ts';
import {
  type Label,
  type LabelledAttempt,
  readLabelled,
  readLabels,
  type SkippedFile,
} from './read-labelled-folder.ts';
import { openStaging, type RunStaging } from './run-staging.ts';

export interface ImportOptions {
  folder: string;
  runsDir: string;
  assayVersion: string;
  /** Begins the ids of the runs; default: the folder's name. */
  prefix?: string;
  /** Imported runs of these names make place for the new ones; without it they are in the way. */
  replace?: boolean;
  onRun?: (line: string) => void;
  /** Stops between two attempts; what is not whole by then is not there. */
  signal?: AbortSignal;
}

export interface ImportedRun {
  runId: string;
  dir: string;
  setup: string;
  model: string;
  attempts: number;
  resolved: number;
  /** Attempts whose trajectory tells what the hidden tests said. */
  leaking: number;
}

export interface ImportResult {
  runs: ImportedRun[];
  skipped: SkippedFile[];
}

/** Name of the data set in the manifests of imported runs. */
const IMPORTED = 'imported';

/** True for runs that another tool made: they have no tasks here. */
export function isImported({ dataset }: RunManifest): boolean {
  return dataset.name === IMPORTED;
}

/** Each run appears whole or not at all. Throws `file-not-found`, `config-invalid` (no usable index), `store-invalid` (a run of that name is there already), and the reason of the signal. */
export async function importFolder(options: ImportOptions): Promise<ImportResult> {
  const labels = await readLabels(options.folder);
  const setups = groupSetups(labels);
  const ids = runIds(options.prefix ?? basename(resolve(options.folder)), setups);
  for (const id of ids) await checkPlace(options, id);
  const result: ImportResult = { runs: [], skipped: [] };
  const staging = await openStaging(options.runsDir);
  try {
    for (const [at, setup] of setups.entries()) {
      const own = labels.filter(({ run, model }) => model === setup.model && setup.runs.includes(run));
      const { attempts, skipped } = await readAttempts(options, setup, own);
      result.skipped.push(...skipped);
      if (attempts.length === 0) continue;
      const imported = await writeRun(options, staging, ids[at] ?? '', setup, attempts);
      result.runs.push(imported);
      const { runId, resolved } = imported;
      options.onRun?.(`${runId}: ${counted(imported.attempts, 'attempt')}, ${resolved} resolved`);
    }
  } finally {
    await staging.dispose();
  }
  return result;
}

/** Nobody's own run is ever replaced. */
async function checkPlace({ runsDir, replace = false }: ImportOptions, runId: string): Promise<void> {
  const dir = join(resolve(runsDir), runId);
  const known = await readManifest(dir).catch((error: unknown) => {
    if (error instanceof AssayError && error.code === 'run-not-found') return undefined;
    throw error;
  });
  if (known === undefined) return;
  const hint = isImported(known)
    ? '--replace imports it anew; --runs-dir takes another folder.'
    : 'It was not imported, so it is not replaced. Name another folder with --runs-dir.';
  if (replace && isImported(known) && !(await isRunLocked(dir))) return;
  throw new AssayError('store-invalid', `There is a run ${runId} already in ${runsDir}.`, {
    class: 'input',
    retryable: false,
    hint,
  });
}

type NumberedAttempt = LabelledAttempt & { attempt: number };

/** The attempts of one set-up, each instance and attempt once. */
async function readAttempts({ folder, signal }: ImportOptions, { runs }: Setup, labels: readonly Label[]) {
  const attempts = new Map<string, NumberedAttempt>();
  const skipped: SkippedFile[] = [];
  for (const label of labels) {
    signal?.throwIfAborted();
    const read = await readLabelled(folder, label);
    const attempt = runs.indexOf(label.run) + 1;
    const key = `${label.instance_id}\0${attempt}`;
    const twin = attempts.get(key);
    if ('reason' in read) skipped.push(read);
    else if (twin !== undefined) skipped.push({ file: label.file, reason: `is the same attempt as ${twin.file}` });
    else attempts.set(key, { ...read, attempt });
  }
  return { attempts: [...attempts.values()], skipped };
}

async function writeRun(
  options: ImportOptions,
  staging: RunStaging,
  runId: string,
  setup: Setup,
  attempts: readonly NumberedAttempt[],
): Promise<ImportedRun> {
  const manifest = manifestOf(options, runId, setup.runs.length, attempts);
  const run = await createRun(staging.dir, manifest);
  const at = manifest.createdAt;
  try {
    await run.append({ type: 'run-start', at, runId, attemptsPlanned: attempts.length });
    for (const one of attempts) {
      options.signal?.throwIfAborted();
      const ref = { instanceId: one.instanceId, attempt: one.attempt };
      await run.writeArtifact(ref, 'patch.diff', one.trajectory.patch);
      await Promise.all(attemptEvents(one, one.attempt, at).map((event) => run.append(event)));
    }
    await run.append({ type: 'run-end', at, runId, status: 'completed' });
  } finally {
    await run.close();
  }
  return {
    runId,
    dir: await staging.publish(runId, options.replace ?? false),
    setup: setup.name,
    model: manifest.model.id,
    attempts: attempts.length,
    resolved: attempts.filter(({ resolved }) => resolved === true).length,
    leaking: attempts.filter(({ trajectory }) => trajectory.leak !== undefined).length,
  };
}

function manifestOf(
  { folder, assayVersion }: ImportOptions,
  runId: string,
  repeats: number,
  attempts: readonly LabelledAttempt[],
): RunManifest {
  const instances = new Map(attempts.map(({ instanceId }) => [instanceId, repositoryOf(instanceId)]));
  const first = attempts[0];
  return {
    formatVersion: 1,
    runId,
    createdAt: new Date().toISOString(),
    assayVersion,
    dataset: {
      name: IMPORTED,
      reference: basename(resolve(folder)),
      digest: digestOf(attempts.map(({ file, raw }) => [file, sha256(raw)])),
      instances: [...instances].map(([instanceId, repo]) => ({ instanceId, digest: sha256(instanceId), repo })),
    },
    agent: { name: first?.format ?? 'unknown', digest: sha256(first?.format ?? '') },
    model: { id: first?.model ?? 'unknown', parameters: {} },
    attempts: repeats,
    limits: agentLimitsSchema.parse({}),
    sandboxLimits: sandboxLimitsSchema.parse({}),
    priceTable: 'imported',
    host: hostFacts(),
  };
}

/** SWE-bench instance ids are `owner__name-number`; any other id is its own repository. */
function repositoryOf(instanceId: string): string {
  const match = /^(.+?)__(.+)-\d+$/.exec(instanceId);
  return match === null ? instanceId : `${match[1]}/${match[2]}`;
}
