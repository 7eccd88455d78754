/** Removes folders as sandboxes and images leave them. */
import { chmod, lstat, readdir, rm } from 'node:fs/promises';

const SLASH = Buffer.from('/');

/** rm -rf that opens folders their owner closed to himself. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await openFolders(Buffer.from(path));
    await rm(path, { recursive: true, force: true });
  }
}

/** Names are bytes here: not all that sandboxes make are UTF-8. What is gone meanwhile is what the first try still removes. */
async function openFolders(path: Buffer): Promise<void> {
  try {
    if (!(await lstat(path)).isDirectory()) return;
    await chmod(path, 0o700);
    for (const name of await readdir(path, { encoding: 'buffer' }))
      await openFolders(Buffer.concat([path, SLASH, name]));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
