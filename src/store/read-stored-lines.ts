/** The lines of a log with their places, as they lie in the file: long strings stay references into `blobs/`. For readers of logs that are too large to be held whole. */
import { openStored } from './open-stored.ts';
import { storeError, storeInvalid, systemCode } from './store-error.ts';

export interface StoredLine {
  /** Bytes before the line. */
  offset: number;
  /** Without the line end. */
  bytes: number;
  /** The JSON of the line, unchecked; undefined when it is none. */
  value: unknown;
}

/** Whole lines that follow each other in a file. */
export interface LineBlock {
  /** Bytes before the block. */
  offset: number;
  /** Ends with a line end. */
  data: Buffer;
}

const BLOCK_BYTES = 1024 * 1024;
/** No event is longer, as its long strings are blobs. What is longer is no log, and is not held. */
const MAX_LINE_BYTES = 128 * 1024 * 1024;
const LINE_END = 0x0a;

/** The lines of a block one by one. */
export function* linesOf({ offset, data }: LineBlock): Generator<StoredLine> {
  for (let start = 0; start < data.length; ) {
    const end = data.indexOf(LINE_END, start);
    yield { offset: offset + start, bytes: end - start, value: parseOrUndefined(data.toString('utf8', start, end)) };
    start = end + 1;
  }
}

/**
 * Whole lines from byte `from` on, which must be the start of a line, a megabyte or a line at a time and unread; none when there is no file. Of a line of more than 128 MiB only the
 * end is given. Throws `io`.
 */
export async function* readLineBlocks(path: string, from = 0): AsyncGenerator<LineBlock> {
  let parts: Buffer[] = [];
  let held = 0;
  let offset = from;
  try {
    const file = await openStored(path);
    const chunks: AsyncIterable<Buffer> = file.createReadStream({ start: from, highWaterMark: BLOCK_BYTES });
    for await (const chunk of chunks) {
      const end = chunk.lastIndexOf(LINE_END) + 1;
      const rest = chunk.subarray(end);
      if (end > 0) {
        const data = parts.length === 0 ? chunk.subarray(0, end) : Buffer.concat([...parts, chunk.subarray(0, end)]);
        yield { offset, data };
        offset += data.length;
        parts = [];
        held = 0;
      }
      if (rest.length > 0) parts.push(rest);
      held += rest.length;
      if (held <= MAX_LINE_BYTES) continue;
      offset += held;
      parts = [];
      held = 0;
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw storeError(error, path);
  }
}

/** The lines at these places, in this order. Throws `store-invalid` when the file has something else there, `io`. */
export async function readStoredLinesAt(
  path: string,
  places: readonly Pick<StoredLine, 'offset' | 'bytes'>[],
): Promise<unknown[]> {
  try {
    const handle = await openStored(path);
    try {
      const values: unknown[] = [];
      for (const { offset, bytes } of places) {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, offset);
        const value = bytesRead === bytes ? parseOrUndefined(buffer.toString('utf8')) : undefined;
        if (value === undefined) throw storeInvalid(`${path}, byte ${offset}: not JSON`, { path, offset });
        values.push(value);
      }
      return values;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw storeError(error, path);
  }
}

function parseOrUndefined(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
