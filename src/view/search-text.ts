/** Looking into texts that may be too long to be held whole: files and blobs, a window at a time. */
import type { BlobStore } from '../store/blob-store.ts';
import { openStored } from '../store/open-stored.ts';
import { storeError, systemCode } from '../store/store-error.ts';
import type { SearchPattern } from './search-pattern.ts';

const WINDOW_BYTES = 1024 * 1024;

/** Bytes from a place on, fewer at the end. */
type ReadWindow = (from: number, length: number) => Promise<Buffer>;

/** The piece around the first match in a blob; null when there is none. Throws `store-invalid`, `io`. */
export async function excerptOfBlob(blobs: BlobStore, digest: string, pattern: SearchPattern): Promise<string | null> {
  return await excerptOf(async (from, length) => (await blobs.readBytes(digest, from, length)).data, pattern);
}

/** The piece around the first match in a file; null when there is none, or no file. Throws `io`. */
export async function excerptOfFile(path: string, pattern: SearchPattern): Promise<string | null> {
  try {
    const handle = await openStored(path);
    try {
      const read: ReadWindow = async (from, length) => {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from);
        return buffer.subarray(0, bytesRead);
      };
      return await excerptOf(read, pattern);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw storeError(error, path);
  }
}

async function excerptOf(read: ReadWindow, pattern: SearchPattern): Promise<string | null> {
  for (let from = 0; ; from += WINDOW_BYTES) {
    const data = await read(from, WINDOW_BYTES + pattern.bytes);
    const excerpt = pattern.excerpt(data.toString('utf8'));
    if (excerpt !== null || data.length < WINDOW_BYTES + pattern.bytes) return excerpt;
  }
}
