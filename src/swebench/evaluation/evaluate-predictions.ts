/** A whole predictions file: what is left to do, longest first, some at a time; then the reports. Killed at any moment, it goes on where it was. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { withFileLock } from '../../base/file-lock.ts';
import { AssayError, type Failure, toFailure } from '../../contracts/index.ts';
import type { InstanceReport } from '../contracts.ts';
import type { CacheKeeper } from '../environment/cache-level.ts';
import type { SwebenchEnvironments } from '../environment/swebench-environments.ts';
import { instanceReportText } from '../grading/grade-log.ts';
import { type RunReport, runReport, runReportText } from '../grading/run-report.ts';
import { type SelectedWork, selectWork, type WorkItem, type WorkQuestion } from '../predictions/select-work.ts';
import { type Evaluation, type EvaluationSettings, evaluateInstance, evaluationDigest } from './evaluate-instance.ts';
import {
  type EvaluationRecord,
  type InstanceFolder,
  instanceFolder,
  modelFolderName,
  runFolder,
} from './instance-folder.ts';
import type { KnownDurations } from './known-durations.ts';
import { requireRules } from './require-rules.ts';

export interface EvaluatePredictionsInput extends WorkQuestion {
  runId: string;
  /** `logs/` goes here. */
  root: string;
  reportDir: string;
  /** Stands in run.json. */
  dataset: { name: string; split: string };
  jobs: number;
  environments: SwebenchEnvironments;
  /** Default: environments stay. */
  cache?: CacheKeeper;
  settings: Omit<EvaluationSettings, 'reportText' | 'signal'>;
  durations: KnownDurations;
  /** True: begin nothing new. */
  pausing: () => boolean;
  signal: AbortSignal;
  observe: (event: EvaluationEvent) => void;
}

export type EvaluationEvent =
  | { type: 'message'; text: string }
  | { type: 'selected'; work: number; finished: number; empty: number; expectedSeconds: number }
  | { type: 'build'; instanceId: string; line: string }
  | { type: 'start'; instanceId: string }
  | { type: 'end'; result: InstanceResult; leftSeconds: number };

/** How one prediction ended. */
export interface InstanceResult {
  instanceId: string;
  outcome: 'resolved' | 'unresolved' | 'patch-failed' | 'timeout' | 'failed';
  record?: EvaluationRecord;
  /** Of the machine or the environment; says nothing about the patch. */
  failure?: Failure;
  seconds: number;
}

export interface EvaluationSummary {
  report: RunReport;
  reportPath: string;
  results: InstanceResult[];
  /** Records of everything that is finished, also from before. */
  records: EvaluationRecord[];
}

/** Throws what selecting throws, `cancelled`, and i/o errors; failures of single instances are in the results. */
export async function evaluatePredictions(input: EvaluatePredictionsInput): Promise<EvaluationSummary> {
  const run = runFolder(input.root, input.runId);
  await mkdir(run, { recursive: true });
  const waiting = ({ pid, host }: { pid: number; host: string }) =>
    input.observe({
      type: 'message',
      text: `process ${pid} on ${host} works on the run ${input.runId}; waiting for it`,
    });
  const work = async () => {
    const folderOf = ({ instance, prediction }: WorkItem) =>
      instanceFolder(run, prediction.model_name_or_path, instance.instance_id);
    const selected = await selectWork(input, (item) => isFinished(item, folderOf(item), input));
    await describeRun(run, input);
    const results = await evaluateAll(selected, folderOf, input);
    await input.cache?.end();
    return report(selected, folderOf, results, input);
  };
  return withFileLock(join(run, '.lock'), input.signal, work, waiting);
}

/** A report counts only for exactly this patch, environment and script. An image that is not on this machine any more is taken for the one it was graded on. */
async function isFinished(item: WorkItem, folder: InstanceFolder, input: EvaluatePredictionsInput): Promise<boolean> {
  const record = await folder.record();
  if (record === null) return false;
  try {
    const environment = (await input.environments.digest(item.instance)) ?? record.environment.digest;
    return record.digest === evaluationDigest(item, environment, input.settings);
  } catch (error) {
    // What stands in the way of its environment is a failure of this instance alone, told when it is evaluated.
    if (error instanceof AssayError && error.failureClass !== 'cancelled') return false;
    throw error;
  }
}

async function describeRun(run: string, input: EvaluatePredictionsInput): Promise<void> {
  const path = join(run, 'run.json');
  const { name, split } = input.dataset;
  const created_at = new Date().toISOString().replace(/\.\d+Z$/, '+00:00');
  await writeFileAtomic(path, JSON.stringify({ dataset: name, split, task_repo: null, created_at }, null, 2));
}

async function evaluateAll(
  selected: SelectedWork,
  folderOf: (item: WorkItem) => InstanceFolder,
  input: EvaluatePredictionsInput,
): Promise<InstanceResult[]> {
  const { durations, observe, jobs } = input;
  const expected = (item: WorkItem) => durations.expected(item.instance);
  const waiting = [...selected.work].sort((a, b) => expected(b) - expected(a));
  const running = new Set<WorkItem>();
  const left = () => [...waiting, ...running].reduce((sum, item) => sum + expected(item), 0) / jobs;
  for (const text of selected.messages) observe({ type: 'message', text });
  const { work, finished, empty } = selected;
  observe({
    type: 'selected',
    work: work.length,
    finished: finished.length,
    empty: empty.length,
    expectedSeconds: left(),
  });
  const results: InstanceResult[] = [];
  const worker = async () => {
    while (!input.pausing() && !input.signal.aborted) {
      const item = waiting.shift();
      if (item === undefined) return;
      running.add(item);
      const result = await evaluateOne(item, folderOf(item), input);
      running.delete(item);
      results.push(result);
      if (result.record !== undefined) durations.learn(result.instanceId, result.record.totalSeconds);
      observe({ type: 'end', result, leftSeconds: left() });
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, worker));
  if (results.length > 0) await durations.save();
  return results;
}

async function evaluateOne(
  item: WorkItem,
  folder: InstanceFolder,
  input: EvaluatePredictionsInput,
): Promise<InstanceResult> {
  const started = performance.now();
  const { instance_id: instanceId } = item.instance;
  const seconds = () => (performance.now() - started) / 1000;
  const { settings, environments, cache, signal, observe } = input;
  observe({ type: 'start', instanceId });
  try {
    await folder.begin();
    requireRules(item.instance); // before anything is pulled or built
    const environment = await environments.ensure(item.instance, signal, (line) =>
      observe({ type: 'build', instanceId, line }),
    );
    const evaluation = await evaluateInstance(item, environment, folder, {
      ...settings,
      reportText: instanceReportText,
      signal,
    });
    await cache?.done(environment);
    return { instanceId, ...outcomeOf(evaluation), seconds: seconds() };
  } catch (error) {
    return { instanceId, outcome: 'failed', failure: toFailure(error), seconds: seconds() };
  }
}

function outcomeOf(evaluation: Evaluation): Pick<InstanceResult, 'outcome' | 'record'> {
  if ('error' in evaluation) return { outcome: evaluation.error.kind };
  return { outcome: evaluation.report.resolved ? 'resolved' : 'unresolved', record: evaluation.record };
}

/** Folds everything on disk, of this call and earlier ones, into the report of the run. */
async function report(
  selected: SelectedWork,
  folderOf: (item: WorkItem) => InstanceFolder,
  results: InstanceResult[],
  input: EvaluatePredictionsInput,
): Promise<EvaluationSummary> {
  const reports = new Map<string, InstanceReport | null>();
  const logs = new Map<string, string>();
  const records: EvaluationRecord[] = [];
  // What was not evaluated now may have files of another patch or of other rules.
  const begun = new Set(results.map((one) => one.instanceId));
  const work = selected.work.filter((item) => begun.has(item.instance.instance_id));
  for (const item of [...selected.finished, ...work]) {
    const folder = folderOf(item);
    const id = item.instance.instance_id;
    const text = await readOrNull(folder.file('report.json'));
    if (text !== null) reports.set(id, parseReport(text, id));
    const parts = [folder.file('test_output.txt'), folder.file('run_instance.log')].map(readOrNull);
    logs.set(id, (await Promise.all(parts)).map((part) => part ?? '').join(''));
    const record = await folder.record();
    if (record !== null) records.push(record);
  }
  const asked = new Set(input.instanceIds);
  const instances = input.instances.filter((one) => asked.size === 0 || asked.has(one.instance_id));
  const { predictions } = input;
  const run = runReport({ instances, predictions, reports, logs, compat: input.settings.compat });
  const [first] = predictions.values();
  const name = `${modelFolderName(first?.model_name_or_path ?? 'None')}.${input.runId}.json`;
  const reportPath = join(input.reportDir, name);
  await writeFileAtomic(reportPath, runReportText(run));
  return { report: run, reportPath, results, records };
}

const reportSchema = z.record(z.string(), z.looseObject({ resolved: z.boolean() }));

/** Null when the file holds something else: the instance then counts as completed and as an error, as in the reference. */
function parseReport(text: string, id: string): InstanceReport | null {
  try {
    const parsed = reportSchema.safeParse(JSON.parse(text));
    return parsed.success ? ((parsed.data[id] as InstanceReport | undefined) ?? null) : null;
  } catch {
    return null;
  }
}

async function readOrNull(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}
