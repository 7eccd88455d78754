/** Logs of harness 1 lie in one folder, as `INSTANCE.MODEL.eval.log`; their reports under the rules of that time. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { AssayError } from '../../contracts/index.ts';
import type { InstanceReport, Prediction, SwebenchInstance } from '../contracts.ts';
import { runReport, runReportText } from '../grading/run-report.ts';
import { gradeOrReason, type RegradedModel, type RegradeInput } from './regrade-run.ts';

/** One report for each model, `MODEL.RUN.json`. Logs of instances outside the data set are passed over. Throws `run-not-found` without logs, and i/o errors. */
export async function regradeEarlyLogs(
  folder: string,
  { instances, runId, reportDir, model }: Pick<RegradeInput, 'instances' | 'runId' | 'reportDir' | 'model'>,
): Promise<RegradedModel[]> {
  const known = new Map(instances.map((one) => [one.instance_id, one]));
  const models = new Map<string, Map<SwebenchInstance, string>>();
  for (const name of await fileNames(folder)) {
    const [, id = '', of = ''] = /^(.+?-\d+)\.(.+)\.eval\.log$/.exec(name) ?? [];
    const instance = known.get(id);
    if (instance === undefined || (model ?? of) !== of) continue;
    models.set(of, (models.get(of) ?? new Map()).set(instance, await readFile(join(folder, name), 'utf8')));
  }
  if (models.size === 0) {
    throw new AssayError('run-not-found', `there are no logs INSTANCE.MODEL.eval.log of this data set in ${folder}`, {
      class: 'input',
      retryable: false,
    });
  }
  return Promise.all([...models].map(([name, logs]) => gradeModel(name, logs, { instances, runId, reportDir })));
}

/** Sorted; folders are no logs, whatever their name. */
async function fileNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((one) => one.isFile())
    .map((one) => one.name)
    .sort();
}

async function gradeModel(
  model: string,
  logs: ReadonlyMap<SwebenchInstance, string>,
  { instances, runId, reportDir }: Pick<RegradeInput, 'instances' | 'runId' | 'reportDir'>,
): Promise<RegradedModel> {
  const predictions = new Map<string, Prediction>();
  const reports = new Map<string, InstanceReport>();
  const unreadable: RegradedModel['unreadable'] = [];
  for (const [instance, log] of logs) {
    const { instance_id } = instance;
    // The patch stands in no file beside the logs; that there is a log says that there was one.
    const prediction: Prediction = { instance_id, model_name_or_path: model, model_patch: 'as logged' };
    predictions.set(instance_id, prediction);
    const report = gradeOrReason({ instance, prediction, log, compat: 1 });
    if (typeof report === 'string') unreadable.push({ instanceId: instance_id, reason: report });
    else if (report.patch_successfully_applied) reports.set(instance_id, report);
  }
  const report = runReport({ instances, predictions, reports, logs: new Map(), compat: 1 });
  const reportPath = join(reportDir, `${model}.${runId}.json`);
  await writeFileAtomic(reportPath, runReportText(report));
  return { model, report, reportPath, unreadable };
}
