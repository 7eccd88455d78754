/**
 * Opens files of runs for reading. A run folder may come from somebody else: links in it would show, and export, whatever they lead to on this machine, and a pipe would hold
 * whoever opens it for ever. Both are refused.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { storeInvalid, systemCode } from './store-error.ts';

const PLAIN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Throws `store-invalid` for what is no plain file, and what the system says for one that cannot be opened. */
export async function openStored(path: string): Promise<FileHandle> {
  const handle = await open(path, PLAIN_FILE).catch((error: unknown) => {
    if (systemCode(error) === 'ELOOP') throw storeInvalid(`${path} is a link, which is not followed`, { path }, error);
    if (systemCode(error) === 'ENXIO') throw storeInvalid(`${path} is no file`, { path }, error);
    throw error;
  });
  try {
    if ((await handle.stat()).isFile()) return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  throw storeInvalid(`${path} is no file`, { path });
}

/** The whole of a file. Throws like `openStored`. */
export async function readStored(path: string): Promise<Buffer> {
  const handle = await openStored(path);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}
