/**
 * A shared store in a folder, of one host or of a file system that several hosts mount. A text lies in `<key>@<n>`, the highest number counts: whoever makes the file of the next number has replaced
 * it, and a hard link to a new name is what such file systems grant to one only. Replaced files stay for a while, so that a writer that slept cannot make their numbers again. Needs a file system whose
 * listings show what others have made before (docs/distributed-runs.md has what NFS needs for that).
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { AssayError, type SharedEntry, type SharedStore } from '../contracts/index.ts';
import { makeDurableFolder, syncFolder } from '../store/durable-folder.ts';
import { systemCode } from '../store/store-error.ts';
import { checkKey, refusedBy, tooLarge, unreachable } from './shared-key.ts';

/** What the file system says when it will say so again. */
const REFUSALS = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'EEXIST']);
const MOST_BYTES = 2 ** 30;
/** Tells the folder from the empty one below a mount that is gone. */
const IDENTITY = 'store-identity';

/** How long a file stays after it was replaced. A writer that took half of it trusts its number no more. */
const KEPT_MS = 300_000;

/** `create: false`: it must be a store already. Throws `config-invalid` when the folder cannot be used. */
export async function openFileSharedStore(root: string, { create = true } = {}): Promise<SharedStore> {
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof AssayError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw REFUSALS.has(systemCode(error) ?? '') ? refusedBy(root, message, error) : unreachable(root, message, error);
    }
  };
  const identity = await attempt(() => identityOf(root, create));
  const reach = <T>(work: () => Promise<T>) =>
    attempt(async () => {
      if ((await readFile(join(root, IDENTITY), 'utf8')) !== identity)
        throw unreachable(root, 'the folder is another one than before', undefined);
      return await work();
    });
  const path = (key: string) => join(root, ...checkKey(key).split('/'));
  return {
    name: root,
    get: (key) => reach(() => readHighest(path(key))),
    put: (key, text, ifVersion) => reach(() => replace(path(key), text, ifVersion)),
    versions: (prefix) => reach(async () => new Map(await listBelow(path(prefix), checkKey(prefix)))),
    putBytes: (key, bytes) =>
      reach(async () => {
        if (bytes.length > MOST_BYTES) throw tooLarge(root, key, bytes.length, MOST_BYTES);
        await writeFileAtomic(path(key), bytes);
      }),
    getBytes: (key) => reach(() => readBytes(path(key))),
    close: async () => {},
  };
}

async function identityOf(root: string, create: boolean): Promise<string> {
  if (!create && (await readdir(root).catch(nullIfMissing)) === null)
    throw refusedBy(root, 'there is no such folder', undefined);
  await makeDurableFolder(root);
  await createExclusive(join(root, IDENTITY), randomBytes(16).toString('hex'));
  return await readFile(join(root, IDENTITY), 'utf8');
}

/** Null also for what no process of Assay can have put there. */
async function readBytes(path: string): Promise<Buffer | null> {
  const found = await stat(path).catch(nullIfMissing);
  return found?.isFile() && found.size <= MOST_BYTES ? await readFile(path).catch(nullIfMissing) : null;
}

async function readHighest(path: string): Promise<SharedEntry | null> {
  for (;;) {
    const number = await highest(path);
    if (number === 0) return null;
    const text = await readFile(`${path}@${number}`, 'utf8').catch(nullIfMissing);
    // Gone: it was replaced between the two looks.
    if (text !== null) return { text, version: String(number) };
  }
}

async function replace(path: string, text: string, ifVersion: string | null): Promise<string | null> {
  await makeDurableFolder(dirname(path));
  const before = Number(ifVersion ?? 0);
  const looked = performance.now();
  if ((await highest(path)) !== before) return null;
  const number = before + 1;
  if (!(await createExclusive(`${path}@${number}`, text))) return null;
  if (performance.now() - looked > KEPT_MS / 2 && (await highest(path)) !== number) {
    await rm(`${path}@${number}`, { force: true });
    return null;
  }
  await syncFolder(dirname(path));
  await removeOld(path);
  return String(number);
}

/** Removes replaced files from the oldest on. Ages are differences of times that the file system itself noted. */
async function removeOld(path: string): Promise<void> {
  const numbers = (await numbersOf(path)).sort((a, b) => a - b);
  const newest = await stat(`${path}@${numbers.pop()}`).catch(nullIfMissing);
  for (const number of numbers) {
    const old = await stat(`${path}@${number}`).catch(nullIfMissing);
    if (newest === null || (old !== null && newest.mtimeMs - old.mtimeMs < KEPT_MS)) return;
    await rm(`${path}@${number}`, { force: true });
  }
}

/** False when the name is taken. The file appears with all its content. */
async function createExclusive(path: string, text: string): Promise<boolean> {
  const temporary = join(dirname(path), `.${randomBytes(9).toString('hex')}.tmp`);
  let handle: FileHandle | undefined;
  try {
    handle = await open(temporary, 'wx');
    await handle.writeFile(text);
    await handle.sync();
    await link(temporary, path);
    return true;
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    // A server of a network file system that was asked twice refuses what it has done the first time: two names tell.
    return (await stat(temporary)).nlink === 2;
  } finally {
    await handle?.close();
    await rm(temporary, { force: true });
  }
}

/** 0 when there is none. */
async function highest(path: string): Promise<number> {
  return Math.max(0, ...(await numbersOf(path)));
}

async function numbersOf(path: string): Promise<number[]> {
  const start = `${basename(path)}@`;
  const names = (await readdir(dirname(path)).catch(nullIfMissing)) ?? [];
  return names.filter((name) => name.startsWith(start)).map(numberOf);
}

async function listBelow(folder: string, key: string): Promise<[string, string][]> {
  const entries = (await readdir(folder, { withFileTypes: true }).catch(nullIfMissing)) ?? [];
  const found = new Map<string, number>();
  for (const { name } of entries.filter((entry) => entry.isFile() && numberOf(entry.name) > 0)) {
    const inner = `${key}/${name.slice(0, name.lastIndexOf('@'))}`;
    found.set(inner, Math.max(found.get(inner) ?? 0, numberOf(name)));
  }
  const folders = entries.filter((entry) => entry.isDirectory());
  const below = await Promise.all(folders.map(({ name }) => listBelow(join(folder, name), `${key}/${name}`)));
  return [...[...found].map(([inner, number]): [string, string] => [inner, String(number)]), ...below.flat()];
}

/** The version in a file's name; 0 for other files. */
function numberOf(name: string): number {
  const number = Number(/^[^@]+@([1-9]\d{0,14})$/.exec(name)?.[1]);
  return Number.isSafeInteger(number) ? number : 0;
}

function nullIfMissing(error: unknown): null {
  if (systemCode(error) === 'ENOENT') return null;
  throw error;
}
