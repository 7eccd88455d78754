/**
 * What was learnt from a long log, kept in a file beside it. Such a file may be deleted at any time. Its first line is JSON about the files that it was made from, with a seal of them
 * and of the second line, which is what was learnt. Only who has the key can make the seal: whatever this installation did not write itself, in this version, is passed over, as a run
 * folder may come from somebody else.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { readStored } from '../store/open-stored.ts';
import type { LogState } from './log-state.ts';

const MAX_CHARACTERS = 256 * 1024 * 1024;

interface Head {
  seal: string;
  made: LogState[];
}

/** Whose files are believed, and of which version; null: nobody's, and none are written. */
export type SavedBy = { key: Buffer; version: number } | null;

export interface Saved<T> {
  /** The files that it was made from, as they were then. */
  made: LogState[];
  value: T;
}

/** Null when there is none, or none that can be used. */
export async function loadSaved<T>(path: string, by: SavedBy): Promise<Saved<T> | null> {
  if (by === null) return null;
  try {
    const text = (await readStored(path)).toString('utf8');
    const end = text.indexOf('\n');
    const head = JSON.parse(text.slice(0, end)) as Head;
    const body = text.slice(end + 1);
    if (head.seal !== sealOf(by, head.made, body)) return null;
    return { made: head.made, value: JSON.parse(body) as T };
  } catch {
    // Not there, not readable, not JSON: the log itself says all of it.
    return null;
  }
}

/** Writes it where that is possible: a store that cannot be written to is read as well. */
export async function saveFile<T>(path: string, by: SavedBy, { made, value }: Saved<T>): Promise<void> {
  if (by === null) return;
  const body = JSON.stringify(value);
  if (body.length > MAX_CHARACTERS) return;
  const head: Head = { seal: sealOf(by, made, body), made };
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    // Beside a log that was deleted meanwhile there is no folder any more, and none is made.
    await writeFile(temporary, `${JSON.stringify(head)}\n${body}`, { flag: 'wx' });
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

export function sealOf({ key, version }: NonNullable<SavedBy>, made: readonly LogState[], body: string): string {
  return createHmac('sha256', key)
    .update(`${version} ${JSON.stringify(made)}\n`)
    .update(body)
    .digest('hex');
}
