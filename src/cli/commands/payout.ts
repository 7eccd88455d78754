import { resolve } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { AssayError, type RunRecord, type TaskInstance } from '../../contracts/index.ts';
import { loadDataset } from '../../dataset/load-dataset.ts';
import { payoutReport } from '../../payout/payout-report.ts';
import { payoutSvg } from '../../report/payout-svg.ts';
import { differencesText, payoutText } from '../../report/payout-text.ts';
import { checkNamedOnce } from '../../select/check-pool.ts';
import { loadRunRecord } from '../../store/load-run-record.ts';
import { findRun } from '../find-run.ts';
import { defineCommand } from '../flag.ts';
import { print } from '../output.ts';

/** What stands for a price table in runs that `assay import` made. */
const IMPORTED = 'imported';

export const payoutCommand = defineCommand({
  name: 'payout',
  summary: 'what runs on priced tasks would have earned, and what that cost',
  description:
    'Figures, formulas and worked examples: docs/payouts.md. Exits with 3 when a run has no attempt with a verdict.',
  arguments: [{ name: 'runs', help: 'folders or ids of runs', count: 'many' }],
  flags: {
    runsDir: { kind: 'string', default: 'runs', placeholder: 'folder', help: 'folder of the run folders' },
    review: { kind: 'number', min: 0, default: 0, placeholder: 'usd', help: 'dollars for looking at one attempt' },
    falseAccept: { kind: 'number', min: 0, default: 0, placeholder: 'p', help: 'share of wrong attempts accepted' },
    falseReject: { kind: 'number', min: 0, default: 0, placeholder: 'p', help: 'share of right attempts rejected' },
    svg: { kind: 'string', placeholder: 'file', help: 'write payout against spending as an SVG file' },
  },
  examples: ['assay payout runs/A --review 20', 'assay payout runs/A runs/B --svg payout.svg'],
  async run({ args, flags }) {
    const detector = {
      reviewUsd: flags.review,
      falseAccept: probability(flags.falseAccept, '--false-accept'),
      falseReject: probability(flags.falseReject, '--false-reject'),
    };
    const records = await Promise.all(
      args.map(async (name) => loadRunRecord((await findRun(name, flags.runsDir)).dir)),
    );
    checkNamedOnce(records);
    const reports = await Promise.all(
      records.map(async (record) => payoutReport(record, await pricedTasks(record), detector)),
    );
    if (flags.svg !== undefined) await writeFileAtomic(resolve(flags.svg), payoutSvg(reports));
    const plot = flags.svg === undefined ? '' : `plot: ${resolve(flags.svg)}\n`;
    print(flags.json, reports, `${reports.map(payoutText).join('\n')}${differencesText(reports)}${plot}`);
    return reports.every((report) => report.earnings.all.tasks > 0) ? 0 : 3;
  },
});

/** Of the run's data set. Throws for runs whose instances no task folder has: imported ones and those of SWE-bench sets. */
async function pricedTasks({ manifest }: RunRecord): Promise<readonly TaskInstance[]> {
  const isTable = manifest.dataset.table !== undefined;
  if (manifest.priceTable !== IMPORTED && !isTable) return (await loadDataset(manifest.dataset.reference)).instances;
  const what = isTable ? 'is of a SWE-bench set' : 'was imported';
  throw new AssayError('config-invalid', `${manifest.runId} ${what}: its instances have no prices`, {
    class: 'input',
    retryable: false,
    hint: 'Payouts are of runs over task folders with prices, such as tasks/freelance.',
  });
}

function probability(value: number, flag: string): number {
  if (value <= 1) return value;
  throw new AssayError('usage', `${flag} is a share between 0 and 1, not ${value}`, {
    class: 'input',
    retryable: false,
  });
}
