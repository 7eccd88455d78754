/**
 * Large strings of events, kept once per content in `blobs/<hh>/<hash>`. In the event stands `{ "$blob": "sha256:...", "bytes": n }` instead.
 * An object of the data itself that has a key `$blob`, `$$blob`, ... gets one more `$` on the way in and loses it on the way out.
 */
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { sha256 } from '../base/digest.ts';
import { makeDurableFolder } from './durable-folder.ts';
import { openStored, readStored } from './open-stored.ts';
import { storeError, storeInvalid, systemCode } from './store-error.ts';

/** Strings with more UTF-8 bytes than this are moved out. */
export const INLINE_BYTES = 32 * 1024;

const LIKE_REFERENCE = /^\$+blob$/;
const REFERENCE = '$blob';
const DIGEST = /^sha256:[0-9a-f]{64}$/;

export interface EncodedEvent {
  /** One line of JSON, without the line end. */
  line: string;
  /** Settles when all strings that were moved out are on disk. */
  ready: Promise<void>;
}

/** False for lines that are decoded by `JSON.parse` alone. */
export function mayReferToBlob(line: string): boolean {
  return line.includes('$blob"');
}

export class BlobStore {
  private readonly dir: string;
  /** Digests being written or written by this process. */
  private readonly written = new Map<string, Promise<void>>();

  constructor(dir: string) {
    this.dir = dir;
  }

  /** Turns data into a line; large strings go to files. `ready` rejects with `disk-full` or `io`. */
  encode(value: unknown): EncodedEvent {
    const moved: Promise<void>[] = [];
    const line = JSON.stringify(this.moveOut(value, moved));
    return { line, ready: moved.length === 0 ? Promise.resolve() : Promise.all(moved).then(() => {}) };
  }

  /** The data of a line. Throws `store-invalid` when a blob is missing or damaged, SyntaxError when the line is no JSON. */
  async decode(line: string): Promise<unknown> {
    const value: unknown = JSON.parse(line);
    return mayReferToBlob(line) ? await this.bringBack(value) : value;
  }

  /** Bytes `from` to `from + length` of a blob, fewer at its end, and its size; unchecked, as the digest is of the whole. Throws `store-invalid` when there is none, `io`. */
  async readBytes(digest: string, from: number, length: number): Promise<{ data: Buffer; size: number }> {
    if (!DIGEST.test(digest)) throw storeInvalid(`${digest} is no digest of a blob.`, { digest });
    const path = this.path(digest);
    try {
      const handle = await openStored(path);
      try {
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, from);
        return { data: buffer.subarray(0, bytesRead), size: (await handle.stat()).size };
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (systemCode(error) === 'ENOENT') throw storeInvalid(`The blob ${path} is missing.`, { path }, error);
      throw storeError(error, path);
    }
  }

  private moveOut(value: unknown, moved: Promise<void>[]): unknown {
    if (typeof value === 'string') return this.moveOutText(value, moved);
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((member) => this.moveOut(member, moved));
    const entries = Object.entries(value).map(([key, member]) => [
      LIKE_REFERENCE.test(key) ? `$${key}` : key,
      this.moveOut(member, moved),
    ]);
    return Object.fromEntries(entries);
  }

  private moveOutText(text: string, moved: Promise<void>[]): unknown {
    if (text.length * 3 <= INLINE_BYTES) return text;
    const bytes = Buffer.from(text, 'utf8');
    // A lone surrogate has no UTF-8 form: such a string stays in the line, where JSON escapes it.
    if (bytes.length <= INLINE_BYTES || bytes.toString('utf8') !== text) return text;
    const digest = sha256(bytes);
    moved.push(this.put(digest, bytes));
    return { [REFERENCE]: digest, bytes: bytes.length };
  }

  private put(digest: string, bytes: Buffer): Promise<void> {
    const known = this.written.get(digest);
    if (known !== undefined) return known;
    const path = this.path(digest);
    const writing = (async () => {
      try {
        await makeDurableFolder(join(path, '..'));
        await writeFileAtomic(path, bytes);
      } catch (error) {
        this.written.delete(digest);
        throw storeError(error, path);
      }
    })();
    this.written.set(digest, writing);
    return writing;
  }

  private async bringBack(value: unknown): Promise<unknown> {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return await Promise.all(value.map((member) => this.bringBack(member)));
    const reference = Object.hasOwn(value, REFERENCE) ? (value as Record<string, unknown>)[REFERENCE] : undefined;
    if (reference !== undefined) return await this.get(reference);
    const entries = await Promise.all(
      Object.entries(value).map(async ([key, member]) => [
        LIKE_REFERENCE.test(key) ? key.slice(1) : key,
        await this.bringBack(member),
      ]),
    );
    return Object.fromEntries(entries);
  }

  private async get(digest: unknown): Promise<string> {
    if (typeof digest !== 'string' || !DIGEST.test(digest)) {
      throw storeInvalid('An event refers to a blob by something that is no digest.', { digest });
    }
    const path = this.path(digest);
    try {
      const bytes = await readStored(path);
      if (sha256(bytes) !== digest) throw storeInvalid(`The blob ${path} is damaged.`, { path });
      return bytes.toString('utf8');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') throw storeInvalid(`The blob ${path} is missing.`, { path }, error);
      throw storeError(error, path);
    }
  }

  private path(digest: string): string {
    const hex = digest.slice('sha256:'.length);
    return join(this.dir, hex.slice(0, 2), hex);
  }
}
