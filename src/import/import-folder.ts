/** Brings a folder of labelled trajectories of other tools into the run store: one run per set-up, its repeats as attempts 1, 2, ... */
import { basename, resolve } from 'node:path';
import { digestOf, sha256 } from '../base/digest.ts';
import { hostFacts } from '../base/host-facts.ts';
import { agentLimitsSchema, type RunManifest, sandboxLimitsSchema } from '../contracts/index.ts';
import { createRun } from '../store/file-run-store.ts';
import { attemptEvents } from './attempt-events.ts';
import { groupSetups, runIds, type Setup } from './group-setups.ts';
import { type LabelledAttempt, readLabelled, readLabels, type SkippedFile } from './read-labelled-folder.ts';

export interface ImportOptions {
  folder: string;
  runsDir: string;
  assayVersion: string;
  /** Begins the ids of the runs; default: the folder's name. */
  prefix?: string;
  onRun?: (line: string) => void;
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

/** Throws `file-not-found`, `config-invalid` (no usable index), `store-invalid` (a run of that name is there already). */
export async function importFolder(options: ImportOptions): Promise<ImportResult> {
  const labels = await readLabels(options.folder);
  const skipped: SkippedFile[] = [];
  const runs: ImportedRun[] = [];
  const setups = groupSetups(labels);
  const ids = runIds(options.prefix ?? basename(resolve(options.folder)), setups);
  for (const [at, setup] of setups.entries()) {
    const attempts: (LabelledAttempt & { attempt: number })[] = [];
    for (const label of labels.filter(({ run, model }) => model === setup.model && setup.runs.includes(run))) {
      const read = await readLabelled(options.folder, label);
      const attempt = setup.runs.indexOf(label.run) + 1;
      const twin = attempts.find((one) => one.attempt === attempt && one.instanceId === label.instance_id);
      if ('reason' in read) skipped.push(read);
      else if (twin !== undefined) skipped.push({ file: label.file, reason: `is the same attempt as ${twin.file}` });
      else attempts.push({ ...read, attempt });
    }
    if (attempts.length === 0) continue;
    const imported = await writeRun(options, ids[at] ?? '', setup, attempts);
    runs.push(imported);
    options.onRun?.(`${imported.runId}: ${imported.attempts} attempts, ${imported.resolved} resolved`);
  }
  return { runs, skipped };
}

async function writeRun(
  options: ImportOptions,
  runId: string,
  setup: Setup,
  attempts: readonly (LabelledAttempt & { attempt: number })[],
): Promise<ImportedRun> {
  const manifest = manifestOf(options, runId, setup.runs.length, attempts);
  const run = await createRun(options.runsDir, manifest);
  const at = manifest.createdAt;
  try {
    await run.append({ type: 'run-start', at, runId, attemptsPlanned: attempts.length });
    for (const one of attempts) {
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
    dir: run.dir,
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
      name: 'imported',
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
