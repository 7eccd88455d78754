/** Reading event logs: whole lines only, blobs put back, types of newer versions passed over. */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { AssayError, type RunEvent, runEventSchema } from '../contracts/index.ts';
import type { BlobStore } from './blob-store.ts';
import { storeError, storeInvalid, systemCode } from './store-error.ts';

const KNOWN_TYPES: ReadonlySet<string> = new Set(runEventSchema.options.map((option) => option.shape.type.value));
const FOLLOW_INTERVAL_MS = 150;
const FOLLOW_CHUNK = 1024 ** 2;

/**
 * The events of a log in order; none when there is no file. What a dead process left half-written at the end (a line without an end, or lines that
 * are no JSON) is passed over. Throws `store-invalid` naming file and line, `io`.
 */
export async function* readEvents(path: string, blobs: BlobStore): AsyncGenerator<RunEvent> {
  let number = 0;
  let torn: AssayError | null = null;
  for await (const line of readLines(path)) {
    number++;
    const value = await decodeLine(line, `${path}:${number}`, blobs);
    if (value instanceof AssayError) {
      torn ??= value;
      continue;
    }
    if (torn !== null) throw torn; // no torn end, as something follows
    const event = parseEvent(value, `${path}:${number}`);
    if (event !== null) yield event;
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
      const value = await decodeLine(rest.toString('utf8', 0, end), `${path}, byte ${position}`, blobs);
      if (value instanceof AssayError) throw value;
      const event = parseEvent(value, `${path}, byte ${position}`);
      position += end + 1;
      rest = rest.subarray(end + 1);
      if (event !== null) yield event;
      if (signal.aborted) return;
    }
  }
}

/** The data of a line, or the error that says it is no JSON. */
async function decodeLine(line: string, where: string, blobs: BlobStore): Promise<unknown> {
  try {
    return await blobs.decode(line);
  } catch (error) {
    if (error instanceof SyntaxError) return storeInvalid(`${where}: not JSON (${error.message})`, { where }, error);
    throw error;
  }
}

/** Null for a type this version does not know. */
function parseEvent(value: unknown, where: string): RunEvent | null {
  const type = (value as { type?: unknown } | null)?.type;
  if (typeof type === 'string' && !KNOWN_TYPES.has(type)) return null;
  const parsed = runEventSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw storeInvalid(`${where}: not an event: ${problems.join('; ')}`, { where, problems });
}

async function* readLines(path: string): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  try {
    if (!(await stat(path)).isFile()) throw storeInvalid(`${path} is no file`, { path });
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
      let start = 0;
      for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
        // Most lines lie within a chunk: those are not copied.
        yield parts.length === 0
          ? chunk.toString('utf8', start, end)
          : Buffer.concat([...parts, chunk.subarray(start, end)]).toString('utf8');
        parts = [];
        start = end + 1;
      }
      if (start < chunk.length) parts.push(chunk.subarray(start));
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw storeError(error, path);
  }
}

async function readChunk(path: string, position: number): Promise<Buffer> {
  try {
    const handle = await open(path, 'r');
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
