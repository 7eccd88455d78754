/** What the pages show of one attempt. */
import { join } from 'node:path';
import { z } from 'zod';
import { AssayError, type AttemptRecord, type RunManifest } from '../contracts/index.ts';
import { BlobStore } from '../store/blob-store.ts';
import { openStored, readStored } from '../store/open-stored.ts';
import { readStoredLinesAt } from '../store/read-stored-lines.ts';
import { runPaths } from '../store/run-folder.ts';
import { storeError, storeInvalid, systemCode } from '../store/store-error.ts';
import type { AttemptIndex, IndexedStep } from './attempt-index.ts';
import { blobStart } from './blob-part.ts';
import {
  type AttemptDocument,
  type CallDocument,
  type RawStepDocument,
  STEPS_PER_PAGE,
  type StepDocument,
  type StepsDocument,
  type TextBox,
  type TextFileDocument,
} from './documents.ts';
import { allLines, inOrder, newLines } from './step-lines.ts';
import { parseStoredEvent, type StoredEvent, type StoredToolEnd, storedMessageParts } from './stored-event.ts';
import { inputBox, longMembers, partBoxes, type ReadStart, soleCommand, startBox, textBox } from './text-box.ts';

/** Of a file that is longer, this much of its start and as much of its end are shown. */
const FILE_HALF_BYTES = 512 * 1024;

/** Of a provider's answer. */
const ANSWER_CHARACTERS = 256 * 1024;

/** Where one attempt lies, and what was read of it. */
export interface LocatedAttempt {
  runDir: string;
  manifest: RunManifest;
  record: AttemptRecord;
  index: AttemptIndex;
}

/** `known`: of an earlier document, whose steps need not be told again; `''`: nothing yet. Absent: all steps are told. */
export async function attemptDocument(
  { runDir, manifest, record, index }: LocatedAttempt,
  known?: string,
): Promise<AttemptDocument> {
  const lines = known === undefined ? allLines(index) : newLines(index, known);
  const { report, sandboxUsage, ...rest } = record;
  const paths = runPaths(runDir);
  const readStart = startReader(runDir);
  const [first] = index.prompt === null ? [] : await readStoredLinesAt(paths.attemptEvents(record), [index.prompt]);
  const opening = storedMessageParts((first as { firstMessage?: unknown } | undefined)?.firstMessage);
  return {
    runId: manifest.runId,
    attempts: manifest.attempts,
    record: rest,
    report,
    receipt: sandboxUsage ?? index.receipt,
    sandbox: index.sandbox,
    imported: index.imported,
    scores: index.scores,
    fork: manifest.fork ?? null,
    system: await textBox(index.system, readStart),
    prompt: await partBoxes(opening, readStart),
    ...lines,
    damagedLines: index.damagedLines,
  };
}

/** Steps `page * STEPS_PER_PAGE` and on; none beyond the end. Throws `store-invalid`, `io`. */
export async function stepsDocument({ runDir, record, index }: LocatedAttempt, page: number): Promise<StepsDocument> {
  const path = runPaths(runDir).attemptEvents(record);
  const readStart = startReader(runDir);
  const shown = inOrder(index).slice(page * STEPS_PER_PAGE, (page + 1) * STEPS_PER_PAGE);
  // All of them at once: beside a log that is being indexed each wait is a long one.
  const places = shown.map((step) => [...step.places]);
  const events = (await readStoredLinesAt(path, places.flat())).map(parseStoredEvent);
  const documents = shown.map((step, at) => stepDocument(step, events.splice(0, places[at]?.length ?? 0), readStart));
  return { steps: await Promise.all(documents) };
}

/** What the log has of a step, byte for byte but for indentation: ids of the provider, usage as it was sent, retries. Throws `store-invalid`, `io`. */
export async function rawStepDocument(
  { runDir, record, index }: LocatedAttempt,
  step: number,
): Promise<RawStepDocument> {
  const places = index.steps.get(step)?.places ?? [];
  const lines = await readStoredLinesAt(runPaths(runDir).attemptEvents(record), places);
  const readStart = startReader(runDir);
  const replies = lines.map(parseStoredEvent).flatMap((event) => (event?.type === 'reply-end' ? [event.reply] : []));
  return {
    events: await Promise.all(lines.map((line) => rawEvent(line, readStart))),
    answer: await answerOf(runDir, replies[0]?.journalEntry),
  };
}

async function rawEvent(line: unknown, readStart: ReadStart): Promise<RawStepDocument['events'][number]> {
  return { text: await textBox(JSON.stringify(line, null, 2), readStart), long: await longMembers(line, readStart) };
}

/** Text of an entry in the journal of a run's courier: the body as the provider sent it. */
async function answerOf(runDir: string, entry: string | undefined): Promise<TextBox | null> {
  if (entry === undefined) return null;
  const path = join(runPaths(runDir).courier, `${entry}.json`);
  try {
    const { body } = z.object({ body: z.base64() }).parse(JSON.parse((await readStored(path)).toString('utf8')));
    const answer = Buffer.from(body, 'base64');
    return startBox(answer.toString('utf8'), ANSWER_CHARACTERS);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    if (error instanceof SyntaxError || error instanceof z.ZodError)
      throw storeInvalid(`${path} holds no answer: ${error.message}`, { path }, error);
    throw storeError(error, path);
  }
}

/** A text that is missing from the store says so where it would stand: the rest of the step is still worth reading. */
function startReader(runDir: string): ReadStart {
  const blobs = new BlobStore(runPaths(runDir).blobs);
  return async (hex, bytes) => {
    try {
      return await blobStart(blobs, hex, bytes);
    } catch (error) {
      if (!(error instanceof AssayError)) throw error;
      return `(cannot be read: ${error.message})`;
    }
  };
}

async function stepDocument(
  { line }: IndexedStep,
  events: readonly (StoredEvent | null)[],
  readStart: ReadStart,
): Promise<StepDocument> {
  const reply = events.flatMap((event) => (event?.type === 'reply-end' ? [event.reply] : []))[0];
  const ends = events.filter((event) => event?.type === 'tool-end');
  /** Of calls with the same id the first result that is left: results stand in the order of the calls. */
  const endOf = (callId: string) => {
    const at = ends.findIndex((end) => end.result.callId === callId);
    return at < 0 ? undefined : ends.splice(at, 1)[0];
  };
  const document: StepDocument = {
    ...line,
    inputTokens: 0,
    latencyMs: reply?.latencyMs ?? 0,
    servedModel: reply?.servedModel ?? null,
    reasoning: [],
    thought: [],
    calls: [],
    told: [],
  };
  if (reply !== undefined) {
    const { inputUncached, cacheRead, cacheWrite5m, cacheWrite1h } = reply.usage;
    document.inputTokens = inputUncached + cacheRead + cacheWrite5m + cacheWrite1h;
  }
  for (const part of reply?.message.content ?? []) {
    if (part.type === 'text') document.thought.push(await textBox(part.text, readStart));
    else if (part.type === 'reasoning') document.reasoning.push(await textBox(part.text, readStart));
    else document.calls.push(await callDocument(part.name, part.input, endOf(part.id), readStart));
  }
  for (const event of events) {
    if (event?.type === 'message-add') document.told.push(...(await partBoxes(event.message.content, readStart)).texts);
    else if (event?.type === 'intervention') document.told.push(await textBox(event.hint, readStart));
  }
  return document;
}

async function callDocument(
  name: string,
  input: unknown,
  end: StoredToolEnd | undefined,
  readStart: ReadStart,
): Promise<CallDocument> {
  const typed = soleCommand(input) !== undefined;
  const asked = {
    name,
    input: await inputBox(input, readStart),
    typed,
    long: typed ? [] : await longMembers(input, readStart),
  };
  if (end === undefined) return { ...asked, result: null };
  const { texts, images } = await partBoxes(end.result.content, readStart);
  const { isError } = end.result;
  const { exitCode = null, durationMs, cutBytes = 0 } = end;
  return { ...asked, result: { texts, images, isError, exitCode, durationMs, cutBytes } };
}

/** A file beside the events: whole, or its start and its end. Throws `io`. */
export async function textFileDocument(
  folder: string,
  name: 'patch.diff' | 'test_output.txt',
): Promise<TextFileDocument> {
  const path = join(folder, name);
  try {
    const handle = await openStored(path);
    try {
      const { size } = await handle.stat();
      const read = async (from: number, length: number) => {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from);
        return buffer.toString('utf8', 0, bytesRead);
      };
      if (size <= 2 * FILE_HALF_BYTES) return { text: await read(0, size), bytes: size, leftOutBytes: 0 };
      const leftOutBytes = size - 2 * FILE_HALF_BYTES;
      const [head, tail] = [await read(0, FILE_HALF_BYTES), await read(size - FILE_HALF_BYTES, FILE_HALF_BYTES)];
      return { text: `${head}\n... ${leftOutBytes} bytes left out ...\n${tail}`, bytes: size, leftOutBytes };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { text: null, bytes: 0, leftOutBytes: 0 };
    throw error instanceof AssayError ? error : storeError(error, path);
  }
}
