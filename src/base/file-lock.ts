/** A lock file that names its owner; the lock of a dead process is broken. */
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOwnerAlive, ownerRecord } from './owner.ts';

/** Waits for the lock, runs `body`, gives the lock back. Works between processes of one machine. */
export async function withFileLock<T>(path: string, signal: AbortSignal, body: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  for (;;) {
    signal.throwIfAborted();
    if (await take(path)) break;
    const owner = await readFile(path, 'utf8').catch(() => '');
    // An empty file is one that is being written; it counts as dead only when it stays so.
    if (owner !== '' && !(await isOwnerAlive(owner))) await rm(path, { force: true });
    else await sleep(100, undefined, { signal });
  }
  try {
    return await body();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx');
    await handle.writeFile(JSON.stringify(ownerRecord()));
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
