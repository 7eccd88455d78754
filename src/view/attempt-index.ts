/**
 * Where things lie in the log of one attempt: one pass over the file, which keeps a line per step and no contents. Pages of steps are then read from their places, so a
 * trajectory of 100 MB is never held whole.
 */
import { randomBytes } from 'node:crypto';
import { sha256 } from '../base/digest.ts';
import type { Cost, SandboxReceipt } from '../contracts/index.ts';
import { linesOf, readLineBlocks, type StoredLine } from '../store/read-stored-lines.ts';
import type { StepLine } from './documents.ts';
import { parseStoredEvent, type StoredEvent, type StoredText, type StoredToolEnd } from './stored-event.ts';
import { soleCommand } from './text-box.ts';
import { writtenPaths } from './written-paths.ts';

type Place = Pick<StoredLine, 'offset' | 'bytes'>;

export interface IndexedStep {
  line: StepLine;
  /** Of the reply, the results and the messages after them, in order. */
  places: Place[];
}

export interface AttemptIndex {
  /** Another one for each log: who has lines of another index has those of another log. */
  id: string;
  steps: Map<number, IndexedStep>;
  system: StoredText;
  /** Null before there is a prompt. */
  prompt: Place | null;
  sandbox: { backend: string; tier: string } | null;
  imported: { format: string; file: string; leak: string | null } | null;
  scores: { critic: string; score: number }[];
  receipt: SandboxReceipt | null;
  /** Whole lines that are no JSON: damage, which is told and passed over. */
  damagedLines: number;
  /** Bytes that were read: where a log that has grown is read on. */
  bytes: number;
  /** The last of them, by which the same log is known again. */
  tail: { bytes: number; digest: string };
  /** False while the log is read for the first time: then there may be more steps. */
  complete: boolean;
}

const TITLE_CHARACTERS = 160;
const TAIL_BYTES = 4096;
const TOOL_CHANGES: ReadonlySet<string> = new Set(['create', 'str_replace', 'insert', 'undo_edit']);

export function emptyIndex(): AttemptIndex {
  return {
    id: randomBytes(8).toString('hex'),
    steps: new Map(),
    system: '',
    prompt: null,
    sandbox: null,
    imported: null,
    scores: [],
    receipt: null,
    damagedLines: 0,
    bytes: 0,
    tail: { bytes: 0, digest: sha256('') },
    complete: false,
  };
}

/** Adds to an index what stands in the log behind what it knows, block by block: the index may be looked at meanwhile. `rest` is waited for after each block. Throws `io`. */
export async function indexAttempt(path: string, index: AttemptIndex, rest: () => Promise<void>): Promise<void> {
  for await (const block of readLineBlocks(path, index.bytes)) {
    for (const { offset, bytes, value } of linesOf(block)) {
      if (value === undefined) index.damagedLines++;
      const event = parseStoredEvent(value);
      if (event !== null) addEvent(index, event, { offset, bytes });
    }
    const tail = block.data.subarray(-TAIL_BYTES);
    index.tail = { bytes: tail.length, digest: sha256(tail) };
    index.bytes = block.offset + block.data.length;
    await rest();
  }
  index.complete = true;
}

function addEvent(index: AttemptIndex, event: StoredEvent, place: Place): void {
  switch (event.type) {
    case 'prompt-start':
      index.system = event.system;
      index.prompt = place;
      break;
    case 'attempt-start':
      index.sandbox = event.sandbox;
      break;
    case 'attempt-import':
      index.imported = { format: event.format, file: event.file, leak: titleOf(event.leak ?? '') || null };
      break;
    case 'score-end':
      index.scores.push({ critic: event.critic, score: event.score });
      break;
    case 'attempt-end':
      index.receipt = event.sandboxUsage ?? null;
      break;
    case 'reply-end':
      // After a resume a reply may stand there again: the first one is what the agent acted on.
      if (!index.steps.has(event.step)) index.steps.set(event.step, { line: stepLine(event, place), places: [place] });
      break;
    default:
      addToStep(index.steps.get(event.step), event, place);
  }
}

type StoredReplyEnd = Extract<StoredEvent, { type: 'reply-end' }>;
type LaterEvent = Extract<StoredEvent, { type: 'tool-end' | 'step-end' | 'intervention' | 'message-add' }>;

function addToStep(step: IndexedStep | undefined, event: LaterEvent, place: Place): void {
  if (step === undefined) return;
  if (event.type === 'tool-end' && event.repeated !== undefined) return; // only run again: the first result is what the model saw
  step.line.revision = place.offset;
  if (event.type === 'step-end') step.line.value ??= event.value ?? null;
  else if (event.type === 'tool-end') {
    step.line.durationMs += event.durationMs;
    step.line.failed ||= hasFailed(event);
    step.places.push(place);
  } else {
    if (event.type === 'intervention') step.line.intervention ??= event.kind;
    step.places.push(place);
  }
}

export function hasFailed(event: Pick<StoredToolEnd, 'result' | 'exitCode'>): boolean {
  return event.result.isError || (event.exitCode ?? 0) !== 0;
}

function stepLine({ step, at, reply }: StoredReplyEnd, { offset }: Place): StepLine {
  const parts = reply.message.content;
  const calls = parts.flatMap((part) => (part.type === 'tool-call' ? [part] : []));
  const said = parts.flatMap((part) => (part.type === 'text' ? [titleOf(part.text)] : []));
  const first = calls[0];
  return {
    step,
    revision: offset,
    at,
    title: first === undefined ? (said[0] ?? '') : callTitle(first.input),
    tools: calls.map((call) => call.name),
    edited: [...new Set(calls.flatMap((call) => changedPaths(call.input)))],
    usd: costOf(reply.cost),
    outputTokens: reply.usage.output,
    durationMs: 0,
    value: null,
    failed: false,
    intervention: null,
  };
}

export function costOf(cost: Cost): number | null {
  return cost.kind === 'unknown' ? null : cost.usd;
}

function callTitle(input: unknown): string {
  const command = soleCommand(input);
  if (command !== undefined) return titleOf(command);
  if (input === null || typeof input !== 'object') return titleOf(String(input));
  const words = Object.values(input).filter((value) => typeof value === 'string');
  return titleOf(words.slice(0, 2).join(' '));
}

function titleOf(text: StoredText): string {
  if (typeof text !== 'string') return `(${text.bytes} bytes)`;
  const line =
    text
      .trimStart()
      .slice(0, 4 * TITLE_CHARACTERS)
      .split('\n', 1)[0] ?? '';
  return line.slice(0, TITLE_CHARACTERS);
}

/** The file that an edit call changes: inputs of edit tools name it `path` beside a `command` that changes something. */
function editedPath(input: unknown): string[] {
  const { command, path } = (input ?? {}) as { command?: unknown; path?: unknown };
  return typeof command === 'string' && TOOL_CHANGES.has(command) && typeof path === 'string' ? [path] : [];
}

/** The file that an edit call changes, and what a shell command seems to write. */
export function changedPaths(input: unknown): string[] {
  const command = soleCommand(input);
  return typeof command === 'string' ? writtenPaths(command) : editedPath(input);
}
