/** Creates folders one by one: the recursive `mkdir` of Node tries for ever where a name cannot be made in a folder that is there, as in /proc. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Makes the folder and its missing parents; the topmost one that was made, undefined when all are there. Throws the system's error (`EEXIST` for a file in the way). */
export async function makeFolder(path: string, mode = 0o777): Promise<string | undefined> {
  const folder = resolve(path);
  if (await isFolder(folder)) return undefined;
  const above = dirname(folder);
  const topmost = above === folder ? undefined : await makeFolder(above, mode);
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    const raced = (error as NodeJS.ErrnoException).code === 'EEXIST' && (await isFolder(folder));
    if (!raced) throw error;
  }
  return topmost ?? folder;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
