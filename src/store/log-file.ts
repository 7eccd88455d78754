/** The file under an event log: append, flush, cut. */
import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDurableFolder, syncFolder } from './durable-folder.ts';
import { systemCode } from './store-error.ts';

export interface LogFile {
  /** Bytes in the file when it was opened. */
  readonly size: number;
  /** Writes all bytes at the end; on failure a part of them may be there. */
  write(data: Buffer): Promise<void>;
  /** Resolves when all written bytes are on disk. */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens a log for appending, creating it and its folder; a half-written end that a dead process left is cut first. */
export async function openLogFile(path: string): Promise<LogFile> {
  await makeDurableFolder(dirname(path));
  const whole = await intactBytes(path);
  const handle = await open(path, 'a');
  try {
    if (whole === null) await syncFolder(dirname(path));
    else if ((await handle.stat()).size > whole) {
      await handle.truncate(whole);
      await handle.sync();
    }
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    size: whole ?? 0,
    write: async (data) => {
      for (let offset = 0; offset < data.length; ) {
        offset += (await handle.write(data, offset, data.length - offset, null)).bytesWritten;
      }
    },
    sync: () => handle.datasync(),
    truncate: (size) => handle.truncate(size),
    close: () => handle.close(),
  };
}

/** Length of the part of a log that consists of whole lines of JSON at its end; null when there is no file. */
async function intactBytes(path: string): Promise<number | null> {
  let data: Buffer;
  try {
    data = await readFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
  let end = data.lastIndexOf(0x0a) + 1;
  // After power loss the pages of the last, never acknowledged write may be there in part: lines at the end that are no JSON go too.
  while (end > 0) {
    const start = data.lastIndexOf(0x0a, end - 2) + 1;
    if (isJson(data.toString('utf8', start, end - 1))) return end;
    end = start;
  }
  return 0;
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
