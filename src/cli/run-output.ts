/** What `run` and `resume` say at their end. */
import { overlapWarning } from '../critic/training-overlap.ts';
import { runReport, runReportText } from '../report/run-report.ts';
import { print } from './output.ts';
import type { RunOutcome } from './work-on-run.ts';

export function printRun(json: boolean, { record, trainedOnThese }: RunOutcome): void {
  const report = runReport(record);
  const { critic } = record.manifest.model.parameters;
  const name = typeof critic === 'string' ? critic : null;
  const seen = name === null || trainedOnThese === null ? '' : `warning: ${overlapWarning(name, trainedOnThese)}\n`;
  const document = {
    ...report,
    dir: record.dir,
    failure: record.failure ?? null,
    critic: name === null ? null : { name, trainedOnThese },
  };
  print(json, document, `${runReportText(report)}${seen}files: ${record.dir}\n`);
}
