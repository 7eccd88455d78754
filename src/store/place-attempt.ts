/** Whole attempts that come into a run folder from elsewhere, and such as are taken out of the way. */
import { randomBytes } from 'node:crypto';
import { readdir, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AttemptRef } from '../contracts/index.ts';
import { makeDurableFolder, syncFolder } from './durable-folder.ts';
import { instanceFolder, type RunPaths } from './run-folder.ts';
import { storeError, systemCode } from './store-error.ts';

/** Moves the folders to their places: blobs first, so that the log never names one that is not there. Throws `disk-full`, `io` (also when there is something of the attempt already). */
export async function placeAttempt(
  paths: RunPaths,
  ref: AttemptRef,
  account: { attempt: string; blobs: string },
): Promise<void> {
  const target = paths.attempt(ref);
  try {
    for (const name of await readdir(account.blobs, { recursive: true })) {
      if (!(await stat(join(account.blobs, name))).isFile()) continue;
      await makeDurableFolder(dirname(join(paths.blobs, name)));
      await rename(join(account.blobs, name), join(paths.blobs, name));
      await syncFolder(dirname(join(paths.blobs, name)));
    }
    await makeDurableFolder(dirname(target));
    await rename(account.attempt, target);
    await syncFolder(dirname(target));
  } catch (error) {
    throw storeError(error, target);
  }
}

/** Moves the folder of an attempt below `aside/`; nothing happens when there is none. Throws `disk-full`, `io`. */
export async function moveAside(paths: RunPaths, ref: AttemptRef, name: string): Promise<void> {
  const source = paths.attempt(ref);
  const folder = join(paths.dir, 'aside', instanceFolder(ref.instanceId));
  try {
    await makeDurableFolder(folder);
    await rename(source, join(folder, `${ref.attempt}-${name}-${randomBytes(3).toString('hex')}`));
    await syncFolder(dirname(source));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw storeError(error, source);
  }
}
