/** Reading event logs: whole lines only, blobs put back, types of newer versions passed over. */
import { AssayError, type RunEvent, runEventSchema } from '../contracts/index.ts';
import { type BlobStore, mayReferToBlob } from './blob-store.ts';
import { openStored } from './open-stored.ts';
import { storeError, storeInvalid, systemCode } from './store-error.ts';

const KNOWN_TYPES: ReadonlySet<string> = new Set(runEventSchema.options.map((option) => option.shape.type.value));
const FOLLOW_INTERVAL_MS = 150;
const FOLLOW_CHUNK = 1024 ** 2;

/**
 * The events of a log in order; none when there is no file. What a dead process left half-written at the end (a line without an end, or lines that
 * are no JSON) is passed over. Throws `store-invalid` naming file and line, `io`.
 */
export async function* readEvents(path: string, blobs: BlobStore): AsyncGenerator<RunEvent> {
  for await (const events of readEventBatches(path, blobs)) yield* events;
}

/** Like `readEvents`, a piece of the log at a time: for logs of many short events, where a wait for each would cost more than reading it. */
export async function* readEventBatches(path: string, blobs: BlobStore): AsyncGenerator<RunEvent[]> {
  let number = 0;
  let torn: AssayError | null = null;
  for await (const lines of readLines(path)) {
    const events: RunEvent[] = [];
    for (const line of lines) {
      const where = () => `${path}:${number}`;
      number++;
      const value = mayReferToBlob(line) ? await decodeLine(line, where, blobs) : parseLine(line, where);
      if (value instanceof AssayError) {
        torn ??= value;
        continue;
      }
      if (torn !== null) throw torn; // no torn end, as something follows
      const event = parseEvent(value, where);
      if (event !== null) events.push(event);
    }
    yield events;
  }
}

/** Like `readEvents`, then waits for more until the signal is aborted. The file may not be there yet. */
export async function* followEvents(path: string, blobs: BlobStore, signal: AbortSignal): AsyncGenerator<RunEvent> {
  let position = 0;
  let rest = Buffer.alloc(0);
  while (!signal.aborted) {
    const chunk = await readChunk(path, position + rest.length);
    if (chunk.length === 0) {
      // What was read of an unfinished line may be cut and written anew: read it again when more is there.
      rest = Buffer.alloc(0);
      await pause(FOLLOW_INTERVAL_MS, signal);
      continue;
    }
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      const where = () => `${path}, byte ${position}`;
      const value = await decodeLine(rest.toString('utf8', 0, end), where, blobs);
      if (value instanceof AssayError) throw value;
      const event = parseEvent(value, where);
      position += end + 1;
      rest = rest.subarray(end + 1);
      if (event !== null) yield event;
      if (signal.aborted) return;
    }
  }
}

/** Where a line stands, for messages; only asked when there is one. */
type Where = () => string;

/** The data of a line, or the error that says it is no JSON. */
async function decodeLine(line: string, where: Where, blobs: BlobStore): Promise<unknown> {
  try {
    return await blobs.decode(line);
  } catch (error) {
    if (error instanceof SyntaxError) return noJson(error, where());
    throw error;
  }
}

/** The same for a line without references into the blobs, at once. */
function parseLine(line: string, where: Where): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    return noJson(error as SyntaxError, where());
  }
}

function noJson(error: SyntaxError, where: string): AssayError {
  return storeInvalid(`${where}: not JSON (${error.message})`, { where }, error);
}

/** Null for a type this version does not know. */
function parseEvent(value: unknown, where: Where): RunEvent | null {
  const type = (value as { type?: unknown } | null)?.type;
  if (typeof type === 'string' && !KNOWN_TYPES.has(type)) return null;
  const parsed = runEventSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw storeInvalid(`${where()}: not an event: ${problems.join('; ')}`, { where: where(), problems });
}

/** The whole lines of a file, as many at a time as were read at once. */
async function* readLines(path: string): AsyncGenerator<string[]> {
  let parts: Buffer[] = [];
  try {
    const file = await openStored(path);
    for await (const chunk of file.createReadStream({ highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
      const end = chunk.lastIndexOf(0x0a);
      if (end < 0) {
        parts.push(chunk);
        continue;
      }
      const whole = parts.length === 0 ? chunk.subarray(0, end) : Buffer.concat([...parts, chunk.subarray(0, end)]);
      parts = end + 1 < chunk.length ? [chunk.subarray(end + 1)] : [];
      yield whole.toString('utf8').split('\n');
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw storeError(error, path);
  }
}

async function readChunk(path: string, position: number): Promise<Buffer> {
  try {
    const handle = await openStored(path);
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(FOLLOW_CHUNK), 0, FOLLOW_CHUNK, position);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return Buffer.alloc(0);
    throw storeError(error, path);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
