/** What one assistant turn did, in the same words for every agent and tool set. Pure. */
import type { AssistantMessage, ModelMessage, ToolCallPart, ToolResult } from '../../contracts/index.ts';

/** `run` executes something that is no test suite; `plan` decides and touches nothing. */
export type ActionKind = 'edit' | 'create' | 'view' | 'search' | 'test' | 'run' | 'submit' | 'undo' | 'plan' | 'other';

export interface Action {
  kind: ActionKind;
  /** The command or the input as text: equal actions have equal text. */
  text: string;
  /** The file it names, when it names one. */
  path: string | null;
  /** What it writes, for edits; the command otherwise. */
  content: string;
}

export interface Turn {
  /** What the model said, without its calls. */
  text: string;
  actions: Action[];
  /** What it got to see before its next turn. */
  observation: string;
  /** A tool said that the call failed. */
  toolError: boolean;
}

/** The assistant messages in order, each with what followed it. */
export function turnsOf(messages: readonly ModelMessage[]): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    const current = turns.at(-1);
    if (message.role === 'assistant') turns.push(openTurn(message));
    else if (current !== undefined) observe(current, message);
  }
  return turns;
}

function openTurn({ content }: AssistantMessage): Turn {
  const text = content.map((part) => (part.type === 'tool-call' ? '' : part.text)).join('\n');
  const calls = content.filter((part) => part.type === 'tool-call');
  const actions = calls.length > 0 ? calls.map(actionOf) : actionsInText(text);
  return { text, actions, observation: '', toolError: false };
}

function observe(turn: Turn, message: Exclude<ModelMessage, AssistantMessage>): void {
  const results: readonly Pick<ToolResult, 'content'>[] = message.role === 'tool' ? message.results : [message];
  const text = results
    .flatMap(({ content }) => content.map((part) => (part.type === 'text' ? part.text : '')))
    .join('\n');
  turn.observation = turn.observation === '' ? text : `${turn.observation}\n${text}`;
  if (message.role === 'tool' && message.results.some(({ isError }) => isError)) turn.toolError = true;
}

/** Names that tool sets use; anything else is judged by its command, if it has one. */
const TOOL_KINDS: readonly (readonly [RegExp, ActionKind])[] = [
  [/^(finish|submit|Finished|task_completed)$/i, 'submit'],
  [/^(EditCode|search_replace|apply_patch|write_file|edit_file)$/i, 'edit'],
  [/search|^(grep|find|glob)/i, 'search'],
  [/^(IdentifyCode|identify|view|read_file|open_file)$/i, 'view'],
  [/plan|clarify|decide|request_for_change|specify_lines|think/i, 'plan'],
];

function actionOf({ name, input }: ToolCallPart): Action {
  const fields = typeof input === 'object' && input !== null ? (input as Record<string, unknown>) : {};
  const command = typeof fields.command === 'string' ? fields.command : null;
  const path = [fields.path, fields.file_path, fields.file_name].find((one) => typeof one === 'string') ?? null;
  const text = typeof input === 'string' ? input : JSON.stringify(input ?? null);
  const content = Object.entries(fields)
    .flatMap(([key, value]) => (typeof value === 'string' && !NOT_WRITTEN.has(key) ? [value] : []))
    .join('\n');
  if (command !== null && EDITOR_COMMANDS.has(command))
    return { kind: EDITOR_COMMANDS.get(command) ?? 'other', text, path, content };
  if (command !== null)
    return { kind: shellKind(command), text: command, path: path ?? pathIn(command), content: command };
  const kind = TOOL_KINDS.find(([pattern]) => pattern.test(name))?.[1] ?? 'other';
  return { kind, text: `${name} ${text}`, path, content };
}

/** Fields of an edit's input that say where, not what. */
const NOT_WRITTEN: ReadonlySet<string> = new Set(['command', 'path', 'file_path', 'file_name', 'span_id', 'old_str']);

const EDITOR_COMMANDS: ReadonlyMap<string, ActionKind> = new Map([
  ['view', 'view'],
  ['create', 'create'],
  ['str_replace', 'edit'],
  ['insert', 'edit'],
  ['undo_edit', 'undo'],
]);

/** By the first rule that matches. */
const SHELL_KINDS: readonly (readonly [RegExp, ActionKind])[] = [
  [/^\s*submit\b/, 'submit'],
  [
    /\b(pytest|py\.test|unittest|tox|nosetests|runtests\.py|bin\/test|manage\.py test|npm (run )?test|jest|vitest|cargo test|go test|make (test|check))\b/,
    'test',
  ],
  [/^\s*edit \d+:\d+/, 'edit'],
  [/\bsed -i\b|\bgit apply\b|\bpatch -p|^\s*str_replace\b/, 'edit'],
  [/^\s*create\s|(?<![<0-9])>{1,2}\s*[\w./-]+\.\w+|\btee\s/, 'create'],
  [/\bgit (checkout|restore|reset|stash)\b/, 'undo'],
  [/^\s*(search_dir|search_file|find_file)\b|\b(grep|rg|ack|find)\b/, 'search'],
  [/^\s*(open|goto|scroll_down|scroll_up|cat|head|tail|less|ls|sed -n|tree|cd|pwd)\b/, 'view'],
  [/\b(python[\d.]*|node|ruby|go run|cargo run|java|php|perl|bash|sh)\s+\S/, 'run'],
];

/** Characters of a command that tell what it does; what follows is data. */
const HEAD = 4000;

function shellKind(command: string): ActionKind {
  const head = command.slice(0, HEAD);
  return SHELL_KINDS.find(([pattern]) => pattern.test(head))?.[1] ?? 'other';
}

function pathIn(command: string): string | null {
  const words = command.slice(0, HEAD).match(/[\w./-]+/g) ?? [];
  for (const word of words) {
    const path = /^.*\.[A-Za-z]{1,4}(?![\w])/.exec(word)?.[0];
    if (path !== undefined && path.length > path.lastIndexOf('.') + 1 && path.lastIndexOf('.') > 0) return path;
  }
  return null;
}

/** Agents without tool calls: search functions and patches written as text. */
function actionsInText(text: string): Action[] {
  const searches = [...text.matchAll(/\bsearch_\w{1,40}\([^)\n]{0,1000}\)/g)].map(
    ([call]): Action => ({ kind: 'search', text: call, path: pathIn(call), content: call }),
  );
  return [...searches, ...editsInText(text)];
}

/** `<file>PATH</file> ... <patched>TEXT</patched>`, one after the other; looked for mark by mark, since nobody limits how long such a text is. */
function editsInText(text: string): Action[] {
  const edits: Action[] = [];
  for (let at = 0; ; ) {
    const file = between(text, '<file>', '</file>', at);
    const patched = file === null ? null : between(text, '<patched>', '</patched>', file.end);
    if (file === null || patched === null) return edits;
    edits.push({ kind: 'edit', text: patched.inside, path: file.inside.trim(), content: patched.inside });
    at = patched.end;
  }
}

/** What stands between two marks from `from` on, and where the second one ends. */
function between(text: string, open: string, close: string, from: number): { inside: string; end: number } | null {
  const start = text.indexOf(open, from);
  const stop = start < 0 ? -1 : text.indexOf(close, start + open.length);
  return stop < 0 ? null : { inside: text.slice(start + open.length, stop), end: stop + close.length };
}
