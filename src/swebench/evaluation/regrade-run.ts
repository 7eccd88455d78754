/** Reports of a run made anew from its saved logs, for every model that has some; nothing is run. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { AssayError } from '../../contracts/index.ts';
import type { Compat, InstanceReport, Prediction, SwebenchInstance } from '../contracts.ts';
import { type GradeLogInput, gradeLog, instanceReportText } from '../grading/grade-log.ts';
import { type RunReport, runReport, runReportText } from '../grading/run-report.ts';
import { instanceFolder, runFolder } from './instance-folder.ts';

export interface RegradeInput {
  /** The data set, restricted to what is asked for. */
  instances: readonly SwebenchInstance[];
  runId: string;
  /** Holds `logs/`. */
  root: string;
  reportDir: string;
  /** Name of a model, or its folder; undefined: all of the run. */
  model?: string | undefined;
  compat: Compat;
}

export interface RegradedModel {
  /** As its folder is named. */
  model: string;
  report: RunReport;
  reportPath: string;
  /** Logs that could not be read: errors of their instances, as in the reference. */
  unreadable: { instanceId: string; reason: string }[];
}

/** Throws `run-not-found` when there are no logs, and i/o errors. */
export async function regradeRun(input: RegradeInput): Promise<RegradedModel[]> {
  const run = runFolder(input.root, input.runId);
  const folders = await readdir(run, { withFileTypes: true }).catch(() => []);
  const wanted = input.model?.replaceAll('/', '__');
  const models = folders
    .filter((one) => one.isDirectory() && (wanted ?? one.name) === one.name)
    .map(({ name }) => name);
  if (models.length === 0) {
    throw new AssayError('run-not-found', `there are no logs of ${input.model ?? 'any model'} in ${run}`, {
      class: 'input',
      retryable: false,
      hint: 'Give the name of the run with --run-id and the folder that holds logs/ with --logs-dir.',
    });
  }
  return Promise.all(models.sort().map((model) => regradeModel(input, run, model)));
}

async function regradeModel(input: RegradeInput, run: string, model: string): Promise<RegradedModel> {
  const predictions = new Map<string, Prediction>();
  const reports = new Map<string, InstanceReport>();
  const logs = new Map<string, string>();
  const unreadable: RegradedModel['unreadable'] = [];
  for (const instance of input.instances) {
    const id = instance.instance_id;
    const folder = instanceFolder(run, model, id);
    const model_patch = await readText(folder.file('patch.diff'));
    if (model_patch === null) continue; // no prediction of this model
    const prediction: Prediction = { instance_id: id, model_name_or_path: model, model_patch };
    predictions.set(id, prediction);
    // Where a strict run differs, the log of the compatible one is beside it; the verdict is that of the strict one.
    const tests = await readText(folder.file('test_output.txt'));
    logs.set(id, `${tests ?? ''}${(await readText(folder.file('run_instance.log'))) ?? ''}`);
    if (tests === null) continue; // its patch did not apply, or it never ran
    const report = gradeOrReason({ instance, prediction, log: tests, compat: input.compat });
    if (typeof report === 'string') {
      unreadable.push({ instanceId: id, reason: report });
      await rm(folder.file('report.json'), { force: true });
      continue;
    }
    // A strict refusal was decided while it ran: a log cannot take it back.
    if ((await folder.recordOfRun())?.verdict_strict === false) report.resolved = false;
    reports.set(id, report);
    await writeFileAtomic(folder.file('report.json'), instanceReportText(id, report));
  }
  const { instances, compat } = input;
  const report = runReport({ instances, predictions, reports, logs, compat });
  const reportPath = join(input.reportDir, `${model}.${input.runId}.json`);
  await writeFileAtomic(reportPath, runReportText(report));
  return { model, report, reportPath, unreadable };
}

/** The report, or why the log cannot be read. */
export function gradeOrReason(input: GradeLogInput): InstanceReport | string {
  try {
    return gradeLog(input);
  } catch (error) {
    if (error instanceof AssayError) return error.message;
    throw error;
  }
}

/** Null when there is no such file; bytes that are no UTF-8 are replaced, as in the reference. */
async function readText(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}
