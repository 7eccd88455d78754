import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { counted } from '../../base/counted.ts';
import { makeFolder } from '../../base/make-folder.ts';
import { AssayError } from '../../contracts/index.ts';
import { leftOut, leftOutWords, loadAttempts } from '../../critic/data/load-attempts.ts';
import { DEFAULT_GAMMA } from '../../critic/embedded/td-targets.ts';
import { guardLeakage } from '../../critic/export/leakage-guard.ts';
import { balanced, ormRow } from '../../critic/export/orm-row.ts';
import { tdRow, withByteTokens } from '../../critic/export/td-row.ts';
import { guardTime } from '../../critic/export/time-guard.ts';
import { writeRows } from '../../critic/export/write-rows.ts';
import { checkNamedOnce } from '../../select/check-pool.ts';
import { loadRunRecord } from '../../store/load-run-record.ts';
import { findRun } from '../find-run.ts';
import { defineCommand } from '../flag.ts';
import { print } from '../output.ts';
import { TIME_GUARD_FLAGS, timeGuardOf, timeGuardText } from '../time-guard-flags.ts';

export const criticExportCommand = defineCommand({
  name: 'critic export',
  summary: 'training data for critics: a TD target per assistant turn, and rows for outcome verifiers',
  description:
    'Writes td.jsonl and orm.jsonl (or .parquet) for the project in training/. Attempts that tell what the hidden tests said, or whose source kept no patch, are never written.',
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
    ...TIME_GUARD_FLAGS,
    tokens: { kind: 'boolean', help: 'add byte tokens with labels and loss mask per token' },
    maxCharacters: { kind: 'integer', min: 1, default: 120_000, help: 'longer attempts get no row for verifiers' },
    gamma: { kind: 'number', min: 0, default: DEFAULT_GAMMA, help: 'discount per assistant turn' },
    seed: { kind: 'integer', min: 0, default: 1, help: 'of the choice of unresolved attempts' },
    runsDir: { kind: 'string', default: 'runs', placeholder: 'folder', help: 'folder of the run folders' },
  },
  examples: [
    'assay critic export runs/A runs/B --evaluation runs/C --format parquet',
    'assay critic export runs/A --before 2023-01-01 --dates swe-bench-verified.parquet',
  ],
  async run({ args, flags }) {
    const { gamma, maxCharacters } = flags;
    if (gamma <= 0 || gamma > 1) throw usage(`--gamma is ${gamma}: a discount is above 0 and at most 1`);
    const open = async (name: string) => loadRunRecord((await findRun(name, flags.runsDir)).dir);
    const [runs, evaluation] = [await Promise.all(args.map(open)), await Promise.all(flags.evaluation.map(open))];
    checkNamedOnce(runs);
    const loaded = await loadAttempts(runs);
    const guard = flags.guard === 'instance' ? 'instance' : 'repository';
    const time = await timeGuardOf(flags);
    const { kept: apart, overlapping } = guardLeakage(
      loaded.attempts,
      evaluation.map(({ manifest }) => manifest),
      guard,
    );
    const { kept, later, undated } =
      time === undefined ? { kept: apart, later: 0, undated: 0 } : guardTime(apart, time);
    const td = kept.map((attempt) => tdRow(attempt, gamma)).filter(({ labels }) => labels.length > 0);
    const fitting = kept.filter((attempt) => lengthOf(ormRow(attempt)) <= maxCharacters);
    const orm = balanced(fitting, flags.seed).map(ormRow);
    const withoutTurns = kept.length - td.length;
    const tooLong = kept.length - fitting.length;
    const left = { ...leftOut(loaded), overlapping, later, undated, withoutTurns, tooLong };
    const words = [
      ...leftOutWords(loaded),
      ...(overlapping > 0
        ? [`${overlapping} of the evaluation set's ${guard === 'repository' ? 'repositories' : 'instances'}`]
        : []),
      ...timeGuardText({ later, undated }),
      ...(withoutTurns > 0 ? [`${withoutTurns} without a turn`] : []),
      ...(tooLong > 0 ? [`${tooLong} too long for a verifier`] : []),
    ];
    const leftOutText = words.length === 0 ? '' : `left out: ${words.join(', ')}\n`;
    if (td.length === 0)
      throw usage(`nothing to export: no attempt of these runs may be used. ${leftOutText}`.trimEnd());
    const format = flags.format === 'parquet' ? 'parquet' : 'jsonl';
    const folder = resolve(flags.out);
    await makeFolder(folder);
    const files = [
      { path: join(folder, `td.${format}`), rows: flags.tokens ? td.map(withByteTokens) : td },
      { path: join(folder, `orm.${format}`), rows: orm },
    ];
    for (const { path, rows } of files) {
      // An older file of that name would be taken for this export's.
      if (rows.length === 0) await rm(path, { force: true });
      else await writeRows(path, rows, format);
    }
    const written = files.filter(({ rows }) => rows.length > 0);
    const document = { files: written.map(({ path, rows }) => ({ path, rows: rows.length })), leftOut: left };
    const noOrm = orm.length > 0 ? '' : 'no rows for verifiers: no resolved attempt is short enough\n';
    const lines = document.files.map(({ path, rows }) => `${path}: ${counted(rows, 'row')}\n`);
    print(flags.json, document, `${lines.join('')}${noOrm}${leftOutText}`);
    return 0;
  },
});

function usage(message: string): AssayError {
  return new AssayError('usage', message, { class: 'input', retryable: false });
}

function lengthOf({ messages }: ReturnType<typeof ormRow>): number {
  return messages.reduce((sum, { content }) => sum + content.length, 0);
}
