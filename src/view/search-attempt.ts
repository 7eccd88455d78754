/** Where one attempt has a text: in its log, its patch and what its tests printed. */
import { join } from 'node:path';
import type { AttemptRef } from '../contracts/index.ts';
import { BlobStore } from '../store/blob-store.ts';
import { readStored } from '../store/open-stored.ts';
import { readLineBlocks } from '../store/read-stored-lines.ts';
import { runPaths } from '../store/run-folder.ts';
import { storeError, systemCode } from '../store/store-error.ts';
import { editedPath } from './attempt-index.ts';
import type { SearchPlace, SearchScope } from './documents.ts';
import type { SearchPattern } from './search-pattern.ts';
import { excerptOfBlob, excerptOfFile } from './search-text.ts';
import {
  parseStoredEvent,
  type StoredEvent,
  type StoredPart,
  type StoredText,
  storedMessageParts,
} from './stored-event.ts';
import { isBlobReference } from './text-box.ts';

export interface AttemptHit {
  place: SearchPlace;
  /** Null outside of the steps. */
  step: number | null;
  excerpt: string;
}

interface FoundText {
  place: SearchPlace;
  text: StoredText;
}

const LINE_END = 0x0a;

/** In the order of the log; at most one per text. Only lines that may have the text are read. Throws `store-invalid`, `io`. */
export async function* searchAttempt(
  runDir: string,
  ref: AttemptRef,
  { pattern, scope, signal }: { pattern: SearchPattern; scope: SearchScope; signal: AbortSignal },
): AsyncGenerator<AttemptHit> {
  const paths = runPaths(runDir);
  const blobs = new BlobStore(paths.blobs);
  for await (const event of likelyEvents(paths.attemptEvents(ref), pattern)) {
    signal.throwIfAborted();
    for (const { place, text } of textsOf(event, scope)) {
      const excerpt =
        typeof text === 'string' ? pattern.excerpt(text) : await excerptOfBlob(blobs, text.$blob, pattern);
      if (excerpt !== null) yield { place, step: 'step' in event && event.step > 0 ? event.step : null, excerpt };
    }
  }
  signal.throwIfAborted();
  const folder = paths.attempt(ref);
  if (scope === 'text') {
    for (const [place, name] of [
      ['patch', 'patch.diff'],
      ['tests', 'test_output.txt'],
    ] as const) {
      const excerpt = await excerptOfFile(join(folder, name), pattern);
      if (excerpt !== null) yield { place, step: null, excerpt };
    }
  }
  if (scope === 'file') {
    const file = (await patchedFiles(join(folder, 'patch.diff'))).find((path) => pattern.excerpt(path) !== null);
    if (file !== undefined) yield { place: 'patch', step: null, excerpt: file };
  }
}

async function* likelyEvents(path: string, pattern: SearchPattern): AsyncGenerator<StoredEvent> {
  for await (const { data } of readLineBlocks(path)) {
    if (!pattern.mayHold(data)) continue;
    for (let start = 0; start < data.length; ) {
      const end = data.indexOf(LINE_END, start);
      const line = data.subarray(start, end);
      start = end + 1;
      const event = pattern.mayHold(line) ? parseStoredEvent(jsonOrNull(line)) : null;
      if (event !== null) yield event;
    }
  }
}

/** A log that is being written may end in the middle of a line. */
function jsonOrNull(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    return null;
  }
}

function textsOf(event: StoredEvent, scope: SearchScope): FoundText[] {
  if (event.type === 'reply-end') return replyTexts(event.reply.message.content, scope);
  if (scope !== 'text') return [];
  switch (event.type) {
    case 'prompt-start':
      return [{ place: 'prompt', text: event.system }, ...partTexts('prompt', storedMessageParts(event.firstMessage))];
    case 'tool-end':
      return event.repeated === undefined ? partTexts('observation', event.result.content) : [];
    case 'message-add':
      return partTexts('told', event.message.content);
    case 'intervention':
      return [{ place: 'told', text: event.hint }];
    default:
      return [];
  }
}

type ReplyPart = Extract<StoredEvent, { type: 'reply-end' }>['reply']['message']['content'][number];

function replyTexts(parts: readonly ReplyPart[], scope: SearchScope): FoundText[] {
  return parts.flatMap((part): FoundText[] => {
    if (part.type === 'tool-call') {
      if (scope === 'file') return editedPath(part.input).map((text) => ({ place: 'edit', text }));
      return inputTexts(part.input).map((text) => ({ place: 'action', text }));
    }
    return scope === 'text' ? [{ place: part.type === 'text' ? 'thought' : 'reasoning', text: part.text }] : [];
  });
}

/** All strings of a call's input, as one text each. */
function inputTexts(input: unknown): StoredText[] {
  if (typeof input === 'string') return [input];
  if (input === null || typeof input !== 'object') return [];
  if (isBlobReference(input)) return [input];
  return Object.values(input).flatMap(inputTexts);
}

function partTexts(place: SearchPlace, parts: readonly StoredPart[]): FoundText[] {
  return parts.flatMap((part) => (part.type === 'text' ? [{ place, text: part.text }] : []));
}

/** Files that a patch names; none when there is no patch. */
async function patchedFiles(path: string): Promise<string[]> {
  try {
    const patch = (await readStored(path)).toString('utf8');
    return [...patch.matchAll(/^diff --git "?a\/.+?"? "?b\/(.+?)"?$/gm)].map((match) => match[1] ?? '');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw storeError(error, path);
  }
}
