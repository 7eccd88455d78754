/**
 * What was learnt from a long log, kept in a file beside it. Such a file may be deleted at any time. Its first line is JSON about the files that it was made from, with a digest of the
 * second line, which is what was learnt; whatever is not exactly what this version wrote is passed over.
 */
import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { sha256 } from '../base/digest.ts';
import { readStored } from '../store/open-stored.ts';
import type { LogState } from './log-state.ts';

const MAX_CHARACTERS = 256 * 1024 * 1024;

interface Head {
  version: number;
  digest: string;
  made: LogState[];
}

export interface Saved<T> {
  /** The files that it was made from, as they were then. */
  made: LogState[];
  value: T;
}

/** Null when there is none, or none that can be used. `T` is what the same version wrote. */
export async function loadSaved<T>(path: string, version: number): Promise<Saved<T> | null> {
  try {
    const text = (await readStored(path)).toString('utf8');
    const end = text.indexOf('\n');
    const head = JSON.parse(text.slice(0, end)) as Head;
    const body = text.slice(end + 1);
    if (head.version !== version || !Array.isArray(head.made) || head.digest !== sha256(body)) return null;
    return { made: head.made, value: JSON.parse(body) as T };
  } catch {
    // Not there, not readable, not JSON: the log itself says all of it.
    return null;
  }
}

/** Writes it where that is possible: a store that cannot be written to is read as well. */
export async function saveFile<T>(path: string, version: number, { made, value }: Saved<T>): Promise<void> {
  const body = JSON.stringify(value);
  if (body.length > MAX_CHARACTERS) return;
  const head: Head = { version, digest: sha256(body), made };
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    // Beside a log that was deleted meanwhile there is no folder any more, and none is made.
    await writeFile(temporary, `${JSON.stringify(head)}\n${body}`, { flag: 'wx' });
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true }).catch(() => {});
  }
}
