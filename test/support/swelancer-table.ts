/** Writes SWE-Lancer task tables in both layouts, as the Python of the original would. */
import type { PricedTask } from '../../src/contracts/index.ts';

/** As `repr` prints it: single quotes unless only these occur in the text. */
export function pythonRepr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return reprOfString(value);
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  const entries = Object.entries(value).map(([key, member]) => `${pythonRepr(key)}: ${pythonRepr(member)}`);
  return `{${entries.join(', ')}}`;
}

function reprOfString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll(quote, `\\${quote}`);
  return `${quote}${body}${quote}`;
}

const COLUMNS = {
  first: [
    'question_id',
    'variant',
    'price',
    'price_limit',
    'prompt',
    'manager_data',
    'manager_commit',
    'acceptable_folders',
    'cwd',
  ],
  current: [
    'question_id',
    'variant',
    'set',
    'price',
    'title',
    'description',
    'proposals',
    'manager_data',
    'manager_commit',
    'acceptable_folders',
    'cwd',
  ],
} as const;

export function sweLancerTable(layout: keyof typeof COLUMNS, tasks: readonly PricedTask[]): string {
  const rows = tasks.map((task) => {
    const cells = cellsOf(task);
    return COLUMNS[layout].map((name) => quoted(cells[name] ?? '')).join(',');
  });
  return `${[COLUMNS[layout].join(','), ...rows].join('\r\n')}\r\n`;
}

function cellsOf(task: PricedTask): Record<string, string> {
  const manager = task.kind === 'manager';
  const end = manager ? 'You will be paid' : 'The reward for the correct fix is';
  const content = `You are ... the following issue:\n\n${task.title}\n\n${task.description}\n\n${end} $${task.price}.\n`;
  return {
    question_id: task.id,
    variant: manager ? 'swe_manager' : 'ic_swe',
    set: 'diamond',
    price: task.price.toFixed(1),
    price_limit: '2000000',
    prompt: pythonRepr([{ content, role: 'user' }]),
    title: escaped(task.title),
    description: escaped(task.description),
    manager_data: manager ? pythonRepr(managerData(task)) : '',
    manager_commit: manager ? 'a'.repeat(40) : '',
    acceptable_folders: pythonRepr(manager ? [] : [task.id]),
    cwd: '/app/expensify',
  };
}

function managerData(task: Extract<PricedTask, { kind: 'manager' }>) {
  const proposals = task.proposals.map(({ id, text }) => ({
    id: Number(id),
    content: text,
    source_url: 'https://example.org/',
  }));
  const correct = { id: Number(task.answer), explanation: 'it\'s the "one"' };
  return { title: task.title, game: { all_formal_proposals: proposals, correct_proposal: correct } };
}

/** Python's `unicode_escape`. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replace(/[^\0-~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
