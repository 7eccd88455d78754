/** Reading what lies in the store: record files with the time of their last use, layers, sizes. */
import { lstat, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AssayPaths } from '../base/paths.ts';
import { readRecord } from '../base/read-record.ts';
import { removeTree } from '../base/remove-tree.ts';

export interface Found<T> {
  path: string;
  record: T;
  lastUsed: Date;
}

export async function readRecords<T>(folder: string, schema: Parameters<typeof readRecord<T>>[1]): Promise<Found<T>[]> {
  const found: Found<T>[] = [];
  for (const name of await entriesOf(folder)) {
    if (!name.endsWith('.json') || name.startsWith('.')) continue;
    const path = join(folder, name);
    const record = await readRecord(path, schema);
    const info = await stat(path).catch(ifMissing);
    if (record !== null && info !== null) found.push({ path, record, lastUsed: info.mtime });
  }
  return found;
}

export async function layerNames(paths: AssayPaths): Promise<string[]> {
  return (await entriesOf(paths.layers)).filter((name) => /^[0-9a-f]{64}$/.test(name));
}

export async function entriesOf(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(ifMissing)) ?? [];
}

/** Bytes on disk below a path; hard links count once. Folders that may not be read count as themselves only. */
export async function treeBytes(root: string): Promise<number> {
  const seen = new Set<number>();
  let bytes = 0;
  const queue = [root];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const info = await lstat(path).catch(ifMissing);
    if (info === null || (info.nlink > 1 && !info.isDirectory() && seen.has(info.ino))) continue;
    seen.add(info.ino);
    bytes += info.blocks * 512;
    if (!info.isDirectory()) continue;
    const folder = path;
    const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES' || error.code === 'ENOENT') return [];
      throw error;
    });
    queue.push(...names.map((name) => join(folder, name)));
  }
  return bytes;
}

export function hexOf(digest: string): string {
  return digest.replace(/^sha256:/, '');
}

export function ifMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

/** Takes a layer out in one step, for it must never be seen half removed; false when it is not there, or another collection was quicker. */
export async function removeLayer(paths: AssayPaths, name: string): Promise<boolean> {
  const gone = join(paths.layers, `.gone-${name}-${process.pid}`);
  const renamed = await rename(join(paths.layers, name), gone).then(() => true, ifMissing);
  if (renamed === null) return false;
  await removeTree(gone);
  return true;
}
