/** The lines of a log with their places, as they lie in the file: long strings stay references into `blobs/`. For readers of logs that are too large to be held whole. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { storeError, storeInvalid, systemCode } from './store-error.ts';

export interface StoredLine {
  /** Bytes before the line. */
  offset: number;
  /** Without the line end. */
  bytes: number;
  /** The JSON of the line, unchecked. */
  value: unknown;
}

/**
 * Whole lines from byte `from` on, which must be the start of a line; none when there is no file. A line that is no JSON ends the reading: the log has a torn end there.
 * Throws `io`.
 */
export async function* readStoredLines(path: string, from = 0): AsyncGenerator<StoredLine> {
  let parts: Buffer[] = [];
  let offset = from;
  try {
    const chunks: AsyncIterable<Buffer> = createReadStream(path, { start: from, highWaterMark: 1024 * 1024 });
    for await (const chunk of chunks) {
      let start = 0;
      for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
        const line =
          parts.length === 0 ? chunk.subarray(start, end) : Buffer.concat([...parts, chunk.subarray(start, end)]);
        parts = [];
        start = end + 1;
        const value = parseOrUndefined(line.toString('utf8'));
        if (value === undefined) return;
        yield { offset, bytes: line.length, value };
        offset += line.length + 1;
      }
      if (start < chunk.length) parts.push(chunk.subarray(start));
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
    const handle = await open(path, 'r');
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
