/** Reads a file that an index names, without trusting the index: only regular files of bearable size inside the folder. */
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';

/** The text, or why there is none; the reason reads on after the file's name. */
export type ReadResult = { text: string } | { reason: string };

/** Of one trajectory. Real ones have a few megabytes. */
const MAX_BYTES = 64 * 1024 ** 2;

/** `file` is relative to `folder`. Never throws for what lies there, and never waits: a pipe without a writer is no file. */
export async function readFileWithin(folder: string, file: string, maxBytes = MAX_BYTES): Promise<ReadResult> {
  try {
    const root = await realpath(folder);
    if (!isBelow(resolve(root, file), root)) return { reason: 'lies outside of the folder' };
    const path = await realpath(resolve(root, file));
    if (!isBelow(path, root)) return { reason: 'is a link out of the folder' };
    // Without O_NONBLOCK a pipe would be waited for here.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const about = await handle.stat();
      if (!about.isFile()) return { reason: 'is no regular file' };
      if (about.size > maxBytes) return { reason: `is larger than ${Math.floor(maxBytes / 1024 ** 2)} MB` };
      return { text: await handle.readFile('utf8') };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { reason: `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})` };
  }
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
