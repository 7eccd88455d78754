/** Is a log still the one that was read before, perhaps grown? */
import { stat } from 'node:fs/promises';
import { sha256 } from '../base/digest.ts';
import { openStored } from '../store/open-stored.ts';
import { storeError, systemCode } from '../store/store-error.ts';
import type { AttemptIndex } from './attempt-index.ts';

export interface LogState {
  size: number;
  mtimeMs: number;
}

const NO_LOG: LogState = { size: 0, mtimeMs: 0 };

/** Of a log that is not there yet: nothing. Throws `io`. */
export async function logState(path: string): Promise<LogState> {
  try {
    const { size, mtimeMs } = await stat(path);
    return { size, mtimeMs };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return NO_LOG;
    throw storeError(error, path);
  }
}

interface Seen {
  /** When `known` was made. */
  before: LogState;
  now: LogState;
  known: Pick<AttemptIndex, 'bytes' | 'tail'>;
}

/** Logs only grow, but for a torn end that is cut: a log that is as long as before must not have been touched, a longer one must still have the bytes that were last read where they were. Throws `io`. */
export async function sameLog(path: string, { before, now, known }: Seen): Promise<boolean> {
  if (now.size < before.size) return false;
  if (now.size === before.size) return now.mtimeMs === before.mtimeMs;
  const { bytes, digest } = known.tail;
  try {
    const handle = await openStored(path);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, known.bytes - bytes);
      return sha256(buffer.subarray(0, bytesRead)) === digest;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw storeError(error, path);
  }
}
