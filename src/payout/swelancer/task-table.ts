/**
 * The task tables of SWE-Lancer: the columns of the first release (whole prompts) and the current ones (title, description, proposals). Both keep lists and
 * objects as Python literals. Pure; a row that cannot be read is a problem with its line, never dropped in silence.
 */
import { z } from 'zod';
import { type PythonValue, parsePythonLiteral, unescapePython } from '../../base/python-literal.ts';
import { AssayError, type PricedTask, type Proposal } from '../../contracts/index.ts';
import { type CsvRecord, csvRecords } from './csv-records.ts';
import { joinBrokenRows } from './join-broken-rows.ts';
import { readPrice } from './read-price.ts';

/** A task with what SWE-Lancer says about its surroundings. */
export type SweLancerTask = PricedTask & {
  /** `diamond`, `nondiamond`; null in tables without that column. */
  set: string | null;
  /** The decision of a manager task was made in the parent of this commit. */
  managerCommit: string | null;
  /** Issue folders whose test answers the question. */
  acceptableFolders: readonly string[];
  cwd: string;
};

export interface TaskTable {
  layout: 'first' | 'current';
  tasks: SweLancerTask[];
  problems: RowProblem[];
}

export interface RowProblem {
  /** 1-based line of the file. */
  line: number;
  id: string;
  message: string;
}

const NEEDED = ['question_id', 'variant', 'price', 'manager_data'];
/** Rows that plant a bug again; the reference skips them, too. */
const REINTRODUCE = 'Reintroduce-';

/** Throws `task-invalid` when the text is no such table at all. */
export function parseTaskTable(text: string): TaskTable {
  const [head, ...records] = csvRecords(text);
  const columns = head?.fields ?? [];
  const missing = NEEDED.filter((name) => !columns.includes(name));
  if (missing.length > 0) throw noTable(missing);
  const layout = columns.includes('title') ? 'current' : 'first';
  const tasks: SweLancerTask[] = [];
  const problems: RowProblem[] = [];
  const seen = new Set<string>();
  for (const record of joinBrokenRows(records, columns.length)) {
    const row = new Map(columns.map((name, index) => [name, record.fields[index] ?? '']));
    const id = (row.get('question_id') ?? '').trim();
    if (id.startsWith(REINTRODUCE)) continue;
    try {
      checkShape(record, columns.length);
      if (seen.has(id)) throw new RowError('the question stands in the table twice');
      tasks.push(readRow(id, row, layout));
      seen.add(id);
    } catch (error) {
      if (!(error instanceof RowError || error instanceof SyntaxError)) throw error;
      problems.push({ line: record.line, id, message: error.message });
    }
  }
  return { layout, tasks, problems };
}

class RowError extends Error {}

function noTable(missing: readonly string[]): AssayError {
  return new AssayError('task-invalid', `This is no task table of SWE-Lancer: no column ${missing.join(', ')}.`, {
    class: 'input',
    retryable: false,
    hint: 'Give the CSV file with the columns question_id, variant, price and manager_data.',
  });
}

function checkShape({ fields, unterminated }: CsvRecord, columns: number): void {
  if (unterminated) throw new RowError('the file ends inside of a quoted field');
  if (fields.length !== columns) throw new RowError(`has ${fields.length} fields, the table has ${columns} columns`);
}

type Row = ReadonlyMap<string, string>;

function readRow(id: string, row: Row, layout: TaskTable['layout']): SweLancerTask {
  const group = /^(\d+)[\w-]*$/.exec(id)?.[1];
  if (group === undefined)
    throw new RowError('question_id does not begin with the number of an issue, or goes on with more than a name');
  const variant = row.get('variant');
  const common = {
    id,
    group,
    price: priceOf(row.get('price') ?? ''),
    categories: [],
    set: row.get('set') || null,
    managerCommit: row.get('manager_commit') || null,
    acceptableFolders: folders(row.get('acceptable_folders') ?? ''),
    cwd: row.get('cwd') ?? '',
  };
  const words = layout === 'current' ? currentWords(row) : firstWords(row);
  if (variant === 'ic_swe') return { ...common, ...words, kind: 'ic' };
  if (variant === 'swe_manager')
    return { ...common, ...words, kind: 'manager', ...choiceOf(row.get('manager_data') ?? '') };
  throw new RowError(`variant ${JSON.stringify(variant)} is neither ic_swe nor swe_manager`);
}

function priceOf(text: string): number {
  const price = readPrice(text);
  if (price === undefined) throw new RowError(`price ${JSON.stringify(text)} is no amount of money`);
  return price;
}

const nameOrNumber = z.union([z.string(), z.number()]).transform(String);

function folders(text: string): string[] {
  const parsed = z.array(nameOrNumber).safeParse(text.trim() === '' ? [] : readLiteral(text));
  if (!parsed.success) throw new RowError('acceptable_folders is no list');
  return parsed.data;
}

function currentWords(row: Row): { title: string; description: string } {
  return { title: unescapePython(row.get('title') ?? ''), description: unescapePython(row.get('description') ?? '') };
}

const promptSchema = z.array(z.object({ content: z.string() })).min(1);
/** What the first release wrote before the issue, and after it. */
const ISSUE =
  /following issue:\n\n(?<title>[^\n]*)\n*(?<description>[\s\S]*?)\n*(?:The reward for the correct fix|You will be paid|$(?![\s\S]))/;

function firstWords(row: Row): { title: string; description: string } {
  const parsed = promptSchema.safeParse(readLiteral(row.get('prompt') ?? ''));
  if (!parsed.success) throw new RowError('prompt is no list of messages');
  const { title = '', description = '' } = ISSUE.exec(parsed.data[0]?.content ?? '')?.groups ?? {};
  return { title, description };
}

const managerDataSchema = z.object({
  game: z.object({
    all_formal_proposals: z.array(z.object({ id: nameOrNumber, content: z.string() })).min(2),
    correct_proposal: z.object({ id: nameOrNumber }),
  }),
});

function choiceOf(text: string): { proposals: Proposal[]; answer: string } {
  const parsed = managerDataSchema.safeParse(readLiteral(text));
  if (!parsed.success) throw new RowError('manager_data does not name two proposals and the one that was chosen');
  const { all_formal_proposals, correct_proposal } = parsed.data.game;
  const proposals = all_formal_proposals.map(({ id, content }) => ({ id, text: content }));
  if (new Set(proposals.map((one) => one.id)).size < proposals.length) throw new RowError('two proposals have one id');
  if (!proposals.some((one) => one.id === correct_proposal.id)) throw new RowError('the chosen proposal is not there');
  return { proposals, answer: correct_proposal.id };
}

/** Newer tables may hold JSON in the same places. */
function readLiteral(text: string): PythonValue {
  try {
    return JSON.parse(text) as PythonValue;
  } catch {
    return parsePythonLiteral(text);
  }
}
