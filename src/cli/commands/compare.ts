import { resolve } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { compareRuns, comparisonText } from '../../report/compare-runs.ts';
import { comparisonSvg } from '../../report/comparison-svg.ts';
import { loadRunRecord } from '../../store/load-run-record.ts';
import { findRun } from '../find-run.ts';
import { defineCommand } from '../flag.ts';
import { print } from '../output.ts';

export const compareCommand = defineCommand({
  name: 'compare',
  summary: 'runs side by side: rates with intervals, cost, paired tests, cost against accuracy',
  arguments: [{ name: 'runs', help: 'folders or ids of runs', count: 'many' }],
  flags: {
    runsDir: { kind: 'string', default: 'runs', placeholder: 'folder', help: 'folder of the run folders' },
    svg: { kind: 'string', placeholder: 'file', help: 'write cost against accuracy as an SVG file' },
  },
  examples: ['assay compare runs/A runs/B --svg cost.svg'],
  async run({ args, flags }) {
    const records = await Promise.all(
      args.map(async (name) => loadRunRecord((await findRun(name, flags.runsDir)).dir)),
    );
    const comparison = compareRuns(records);
    if (flags.svg !== undefined) await writeFileAtomic(resolve(flags.svg), comparisonSvg(comparison));
    print(
      flags.json,
      comparison,
      `${comparisonText(comparison)}${flags.svg === undefined ? '' : `plot: ${resolve(flags.svg)}\n`}`,
    );
    return 0;
  },
});
