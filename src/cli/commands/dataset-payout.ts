import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { AssayError, type ManagerTask, toFailure } from '../../contracts/index.ts';
import { choiceBaselines } from '../../payout/manager/baselines.ts';
import { type GradedChoices, gradeChoices } from '../../payout/manager/grade-choices.ts';
import { type PriceTotals, priceTotals, type Total } from '../../payout/price-totals.ts';
import { readIssueFolder } from '../../payout/swelancer/issue-folder.ts';
import { knownSet } from '../../payout/swelancer/known-sets.ts';
import { parseTaskTable, type SweLancerTask, type TaskTable } from '../../payout/swelancer/task-table.ts';
import { baselineLine, dollars } from '../../report/payout-text.ts';
import { defineCommand } from '../flag.ts';
import { print } from '../output.ts';

export const datasetPayoutCommand = defineCommand({
  name: 'dataset payout',
  summary:
    'what a SWE-Lancer task table holds: totals, bounties counted twice, baselines; grades answers to its manager tasks',
  description:
    'Answers: a JSON object from question id to answer document; the numbers in it mean the order that --seed gives. Exits with 1 when a row cannot be read.',
  arguments: [
    {
      name: 'table',
      help: 'the CSV file of tasks, plain or .gz, of the first release or the current one',
      count: 'one',
    },
  ],
  flags: {
    answers: { kind: 'string', placeholder: 'file', help: 'grade these answers' },
    issues: {
      kind: 'string',
      placeholder: 'folder',
      help: 'also read the issue folder of every ic task below this one',
    },
    seed: { kind: 'integer', default: 0, min: 0, help: 'of the order in which proposals were shown' },
  },
  examples: ['assay dataset payout swelancer_tasks.csv', 'assay dataset payout tasks.csv.gz --answers answers.json'],
  async run({ args, flags }) {
    const table = parseTaskTable(await readTable(args[0] ?? ''));
    const totals = priceTotals(table.tasks);
    const managers = table.tasks.filter((task): task is SweLancerTask & ManagerTask => task.kind === 'manager');
    const baselines = managers.length === 0 ? [] : choiceBaselines(managers);
    const graded =
      flags.answers === undefined ? undefined : gradeChoices(managers, await readAnswers(flags.answers), flags.seed);
    const { layout } = table;
    const problems = [
      ...table.problems,
      ...(flags.issues === undefined ? [] : await issueProblems(flags.issues, table)),
    ];
    const sets = { ic: knownSet('ic', totals)?.name ?? null, manager: knownSet('manager', totals)?.name ?? null };
    const text = [
      ...tableLines(table, totals, sets),
      ...problems.map((one) => `  ${one.line === null ? '' : `line ${one.line} `}(${one.id}): ${one.message}`),
      ...baselines.map((one) => baselineLine(one, totals.byKind.manager)),
      ...(graded === undefined ? [] : gradedLines(graded)),
    ];
    print(flags.json, { layout, totals, sets, baselines, graded: graded ?? null, problems }, `${text.join('\n')}\n`);
    return problems.length === 0 ? 0 : 1;
  },
});

async function readTable(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  } catch (error) {
    throw new AssayError('dataset-not-found', `${path} cannot be read: ${toFailure(error).message}`, {
      class: 'input',
      retryable: false,
      cause: error,
    });
  }
}

const answersSchema = z.record(z.string(), z.union([z.string(), z.looseObject({})]));

/** Documents may be given as text or as the object itself. */
async function readAnswers(path: string): Promise<Map<string, string>> {
  const parsed = answersSchema.safeParse(parseJson(await readFile(path, 'utf8')));
  if (!parsed.success) {
    throw new AssayError('config-invalid', `${path} is no JSON object from question id to answer`, {
      class: 'input',
      retryable: false,
    });
  }
  return new Map(
    Object.entries(parsed.data).map(([id, answer]) => [
      id,
      typeof answer === 'string' ? answer : JSON.stringify(answer),
    ]),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Problem {
  /** Of the table; null when it is about the issue folder. */
  line: number | null;
  id: string;
  message: string;
}

/** Folders that cannot be used, or that name another price. */
async function issueProblems(dir: string, { tasks }: TaskTable): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const { id, kind, price } of tasks) {
    if (kind !== 'ic') continue;
    try {
      const { data } = await readIssueFolder(join(dir, id));
      if (data.price === price) continue;
      problems.push({ line: null, id, message: `its folder says $${data.price}, the table $${price}` });
    } catch (error) {
      if (!(error instanceof AssayError)) throw error;
      problems.push({ line: null, id, message: error.message });
    }
  }
  return problems;
}

function tableLines({ layout, tasks }: TaskTable, totals: PriceTotals, sets: Record<string, string | null>): string[] {
  const line = (name: string, { tasks: count, dollars: amount }: Total, set: string | null | undefined) =>
    `  ${name.padEnd(8)} ${String(count).padStart(4)} tasks  ${dollars(amount).padStart(10)}${set ? `  (${set})` : ''}`;
  return [
    `${tasks.length} tasks in the columns of the ${layout === 'first' ? 'first release' : 'current release'}`,
    line('ic', totals.byKind.ic, sets.ic),
    line('manager', totals.byKind.manager, sets.manager),
    line('together', totals.all, null),
    line('twice', totals.countedTwice, 'bounties that stand in the total again'),
    line('once', totals.once, 'one task per issue'),
  ];
}

function gradedLines({ choices, right, earned, possible }: GradedChoices): string[] {
  const count = (outcome: string) => choices.filter((choice) => choice.outcome === outcome).length;
  return [
    `answers: ${right} of ${choices.length} right, ${dollars(earned)} of ${dollars(possible)}; ${count('wrong')} wrong, ${count('invalid')} invalid, ${count('missing')} missing`,
    ...choices.flatMap((choice) => (choice.problem === undefined ? [] : [`  ${choice.id}: ${choice.problem}`])),
  ];
}
