/** Folders that are still there after power loss: each new name is flushed in the folder that holds it. */
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { makeFolder } from '../base/make-folder.ts';

/** Creates the folder with its parents; resolves once all new names are on disk. */
export async function makeDurableFolder(path: string): Promise<void> {
  const folder = resolve(path);
  const first = await makeFolder(folder);
  if (first === undefined) return;
  for (let current = folder; ; current = dirname(current)) {
    await syncFolder(dirname(current));
    if (current === first || current === dirname(current)) return;
  }
}

/** Flushes the names in a folder. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
