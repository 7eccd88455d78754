/** Account keys in one file that only its owner can read. Keys are hashed at rest: nobody who reads the file can use one. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { withFileLock } from '../../base/file-lock.ts';
import { AssayError } from '../../contracts/index.ts';
import { type KeyRecord, keyFileSchema, keyRecordSchema, type Scope } from './key-record.ts';
import { makeToken, type Token, tokenText } from './token.ts';

const HASH_BYTES = 32;
const hashSecret = promisify(scrypt) as (secret: string, salt: Buffer, bytes: number) => Promise<Buffer>;

export interface NewKey {
  name: string;
  scopes: readonly Scope[];
  maxSandboxes: number;
  requestsPerSecond: number;
}

/** The keys of one Assay home. Any number of processes may use the file at the same time. */
export class KeyStore {
  readonly path: string;
  private known: { stamp: string; keys: readonly KeyRecord[] } | undefined;

  /** `home`: `AssayPaths.home`. */
  constructor(home: string) {
    this.path = join(home, 'serve', 'keys.json');
  }

  /** Makes a key. The text is told here once and never again. Throws `usage` when a key that is in force has the name, or the record would not be one. */
  add(key: NewKey): Promise<{ record: KeyRecord; text: string }> {
    return this.change(async (keys) => {
      if (keys.some(({ name, revokedAt }) => name === key.name && revokedAt === undefined))
        throw inputError(`there is a key named ${key.name} already`, 'Choose another name, or revoke that key.');
      const token = makeToken();
      const salt = randomBytes(16);
      const record: KeyRecord = {
        ...key,
        scopes: [...key.scopes],
        id: token.id,
        salt: salt.toString('base64'),
        hash: (await hashSecret(token.secret, salt, HASH_BYTES)).toString('base64'),
        createdAt: new Date().toISOString(),
      };
      demandReadable(record);
      return { keys: [...keys, record], result: { record, text: tokenText(token) } };
    });
  }

  /** Ends a key by its id or name. A running server notices with the next request. Throws `usage` when there is none in force. */
  revoke(idOrName: string): Promise<KeyRecord> {
    return this.change(async (keys) => {
      const found = keys.find(
        ({ id, name, revokedAt }) => (id === idOrName || name === idOrName) && revokedAt === undefined,
      );
      if (found === undefined)
        throw inputError(`no key in force is named ${idOrName}`, '`assay keys ls` shows all keys.');
      const record = { ...found, revokedAt: new Date().toISOString() };
      return { keys: keys.map((one) => (one === found ? record : one)), result: record };
    });
  }

  /** All keys, the revoked ones too. Reads the file only when it changed. Throws `store-invalid`. */
  async list(): Promise<readonly KeyRecord[]> {
    const facts = this.stat();
    if (facts === undefined) return [];
    const stamp = `${facts.ino} ${facts.mtimeNs} ${facts.size}`;
    if (this.known?.stamp !== stamp) this.known = { stamp, keys: await this.read() };
    return this.known.keys;
  }

  /** The mode of the file when others than its owner may read or write it, undefined when none may: whoever reads it can guess at keys, whoever writes it makes some. */
  looseMode(): string | undefined {
    const { mode } = this.stat() ?? { mode: 0n };
    return (mode & 0o077n) === 0n ? undefined : `0${(mode & 0o777n).toString(8)}`;
  }

  /** Ids of the keys that were not revoked. Throws `store-invalid`. */
  async idsInForce(): Promise<ReadonlySet<string>> {
    return new Set((await this.list()).filter(({ revokedAt }) => revokedAt === undefined).map(({ id }) => id));
  }

  /** The record of a key in force, or null. Takes tens of milliseconds by design. */
  async verify(token: Token): Promise<KeyRecord | null> {
    const record = (await this.list()).find(({ id }) => id === token.id);
    if (record === undefined || record.revokedAt !== undefined) return null;
    const hash = await hashSecret(token.secret, Buffer.from(record.salt, 'base64'), HASH_BYTES);
    return timingSafeEqual(hash, Buffer.from(record.hash, 'base64')) ? record : null;
  }

  private async change<T>(
    edit: (keys: readonly KeyRecord[]) => Promise<{ keys: readonly KeyRecord[]; result: T }>,
  ): Promise<T> {
    return withFileLock(`${this.path}.lock`, new AbortController().signal, async () => {
      const { keys, result } = await edit(await this.list());
      await writeFileAtomic(this.path, `${JSON.stringify({ version: 1, keys }, null, 2)}\n`, 0o600);
      return result;
    });
  }

  /** Undefined when there is no file. At once: every request asks, and another thread would take longer. */
  private stat() {
    return statSync(this.path, { bigint: true, throwIfNoEntry: false });
  }

  private async read(): Promise<readonly KeyRecord[]> {
    const text = await readFile(this.path, 'utf8');
    try {
      return keyFileSchema.parse(JSON.parse(text)).keys;
    } catch (cause) {
      throw new AssayError('store-invalid', `${this.path} is damaged`, {
        class: 'infra',
        hint: 'Put it back from a copy, or remove it and make new keys.',
        cause,
      });
    }
  }
}

/** What cannot be read back must not be written; a name is for people, on one line. */
function demandReadable(record: KeyRecord): void {
  if (/\p{Cc}/u.test(record.name)) throw inputError('name: it holds control characters', 'Give the key a plain name.');
  const [issue] = keyRecordSchema.safeParse(record).error?.issues ?? [];
  if (issue !== undefined) throw inputError(`${issue.path.join('.')}: ${issue.message}`, 'Give each key a name.');
}

function inputError(message: string, hint: string): AssayError {
  return new AssayError('usage', message, { class: 'input', retryable: false, hint });
}
