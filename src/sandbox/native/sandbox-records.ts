/** Records of sandboxes in use, `sandboxes/<id>.owner.json`, with a private folder beside some: what a killed owner leaves is found by them. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isOwnerAlive, ownerRecord } from '../../base/owner.ts';
import type { AssayPaths } from '../../base/paths.ts';

const ENDING = '.owner.json';

/** The private folder of a sandbox; not made here. */
export function sandboxFolder(paths: AssayPaths, id: string): string {
  return join(paths.sandboxes, id);
}

export async function writeRecord(
  paths: AssayPaths,
  id: string,
  labels?: Readonly<Record<string, string>>,
): Promise<void> {
  await writeFile(sandboxFolder(paths, id) + ENDING, JSON.stringify(ownerRecord(labels)));
}

/** Removes the record and the folder. */
export async function removeRecord(paths: AssayPaths, id: string): Promise<void> {
  await rm(sandboxFolder(paths, id), { recursive: true, force: true });
  await rm(sandboxFolder(paths, id) + ENDING, { force: true });
}

/** Removes records and folders whose owner is gone; how many. */
export async function removeDeadRecords(paths: AssayPaths): Promise<number> {
  let removed = 0;
  for (const name of await readdir(paths.sandboxes).catch(() => [])) {
    if (!name.endsWith(ENDING)) continue;
    if (await isOwnerAlive(await readFile(join(paths.sandboxes, name), 'utf8').catch(() => ''))) continue;
    await removeRecord(paths, name.slice(0, -ENDING.length));
    removed++;
  }
  return removed;
}
