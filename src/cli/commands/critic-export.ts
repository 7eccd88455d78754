import { join, resolve } from 'node:path';
import { makeFolder } from '../../base/make-folder.ts';
import { loadAttempts } from '../../critic/data/load-attempts.ts';
import { DEFAULT_GAMMA } from '../../critic/embedded/td-targets.ts';
import { guardLeakage } from '../../critic/export/leakage-guard.ts';
import { balanced, ormRow } from '../../critic/export/orm-row.ts';
import { tdRow, withByteTokens } from '../../critic/export/td-row.ts';
import { writeRows } from '../../critic/export/write-rows.ts';
import { loadRunRecord } from '../../store/load-run-record.ts';
import { findRun } from '../find-run.ts';
import { defineCommand } from '../flag.ts';
import { print } from '../output.ts';

export const criticExportCommand = defineCommand({
  name: 'critic export',
  summary: 'training data for critics: a TD target per assistant turn, and rows for outcome verifiers',
  description:
    'Writes td.jsonl and orm.jsonl (or .parquet) for the project in training/. Attempts that tell what the hidden tests said are never written.',
  arguments: [{ name: 'runs', help: 'folders or ids of graded runs', count: 'many' }],
  flags: {
    out: { kind: 'string', default: 'critic-data', placeholder: 'folder', help: 'where to' },
    format: { kind: 'string', choices: ['jsonl', 'parquet'], default: 'jsonl', help: 'of the files' },
    evaluation: {
      kind: 'strings',
      placeholder: 'run',
      help: 'a run that the critic will be measured on: its repositories stay out',
    },
    guard: {
      kind: 'string',
      choices: ['repository', 'instance'],
      default: 'repository',
      help: 'what may not be in both',
    },
    tokens: { kind: 'boolean', help: 'add byte tokens with labels and loss mask per token' },
    maxCharacters: { kind: 'integer', min: 1, default: 120_000, help: 'longer attempts get no row for verifiers' },
    gamma: { kind: 'number', min: 0, default: DEFAULT_GAMMA, help: 'discount per assistant turn' },
    seed: { kind: 'integer', min: 0, default: 1, help: 'of the choice of unresolved attempts' },
    runsDir: { kind: 'string', default: 'runs', placeholder: 'folder', help: 'folder of the run folders' },
  },
  examples: ['assay critic export runs/A runs/B --evaluation runs/C --format parquet'],
  async run({ args, flags }) {
    const open = async (name: string) => loadRunRecord((await findRun(name, flags.runsDir)).dir);
    const [runs, evaluation] = [await Promise.all(args.map(open)), await Promise.all(flags.evaluation.map(open))];
    const loaded = await loadAttempts(runs);
    const guard = flags.guard === 'instance' ? 'instance' : 'repository';
    const { kept, overlapping, leaking } = guardLeakage(
      loaded.attempts,
      evaluation.map(({ manifest }) => manifest),
      guard,
    );
    const td = kept.map((attempt) => tdRow(attempt, flags.gamma)).filter(({ labels }) => labels.length > 0);
    const fitting = kept.filter((attempt) => lengthOf(ormRow(attempt)) <= flags.maxCharacters);
    const orm = balanced(fitting, flags.seed).map(ormRow);
    const format = flags.format === 'parquet' ? 'parquet' : 'jsonl';
    const folder = resolve(flags.out);
    await makeFolder(folder);
    const files = [
      { path: join(folder, `td.${format}`), rows: flags.tokens ? td.map(withByteTokens) : td },
      { path: join(folder, `orm.${format}`), rows: orm },
    ];
    for (const { path, rows } of files) await writeRows(path, rows, format);
    const document = {
      files: files.map(({ path, rows }) => ({ path, rows: rows.length })),
      leftOut: { ungraded: loaded.ungraded, leaking, overlapping, tooLong: kept.length - fitting.length },
    };
    const { leftOut } = document;
    print(
      flags.json,
      document,
      `${document.files.map(({ path, rows }) => `${path}: ${rows} rows\n`).join('')}left out: ${leftOut.ungraded} without a verdict, ${leaking} that tell what the hidden tests ` +
        `said, ${overlapping} of the evaluation set's ${guard === 'repository' ? 'repositories' : 'instances'}; ${leftOut.tooLong} too long for a verifier\n`,
    );
    return 0;
  },
});

function lengthOf({ messages }: ReturnType<typeof ormRow>): number {
  return messages.reduce((sum, { content }) => sum + content.length, 0);
}
