/** Runs that are made from another one: forks, and instances that are attempted again. `continueRun` goes on with them. */
import type { AttemptRef, ForkEdit, RunRecord } from '../contracts/index.ts';
import { forkRun } from '../run/fork-run.ts';
import { requeueRun } from '../run/requeue-run.ts';
import { loadRunRecord } from '../store/load-run-record.ts';
import { newRunId } from '../store/run-folder.ts';
import { checkModel, openAgent, priceVersion } from './compose.ts';
import { derivedSettings } from './model-settings.ts';
import { assayVersion } from './version.ts';

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

/** Makes the run of a fork. Checks key, model and prompt before anything is written. */
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

/** Makes the run that attempts instances of another run again. Checks key and model before anything is written. */
export async function beginRequeue({ source, runId = newRunId(), ...chosen }: NewRequeue): Promise<{ dir: string }> {
  const settings = derivedSettings(source.manifest);
  await checkModel(settings, source.manifest.limits);
  const { model: _, ...parameters } = settings;
  const priceTable = await priceVersion(settings);
  return await requeueRun({ source, runId, ...chosen, parameters, priceTable, assayVersion: assayVersion() });
}
