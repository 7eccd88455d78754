/** A SWE-bench-like data set by the name a user gives: file, folder, alias or Hugging Face id. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AssayError } from '../../contracts/index.ts';
import type { SwebenchInstance } from '../contracts.ts';
import { isHubId, resolveAlias } from './dataset-alias.ts';
import { hubFiles } from './hub-files.ts';
import { parseInstance } from './parse-instance.ts';
import { isTableFile, readRows } from './read-rows.ts';

export interface LoadInstancesOptions {
  /** Default `test`. Files hold one split and ignore it. */
  split?: string;
  /** Only these, in the order of the data set. */
  instanceIds?: readonly string[];
  /** Where downloaded sets are kept. */
  cache: string;
  env?: NodeJS.ProcessEnv;
}

/** Throws `dataset-not-found`, `task-invalid` for a row that cannot be graded, `instance-not-found` listing ids that are not there. */
export async function loadInstances(reference: string, options: LoadInstancesOptions): Promise<SwebenchInstance[]> {
  const instances: SwebenchInstance[] = [];
  for (const path of await tableFiles(reference, options)) instances.push(...(await readRows(path)).map(parseInstance));
  return select(instances, options.instanceIds ?? []);
}

/** True for names of tables, published sets and folders with a table of the split; folders of tasks, also the bundled `tasks/...`, are something else. */
export async function isSwebenchReference(reference: string, split = 'test'): Promise<boolean> {
  if (isTableFile(reference)) return true;
  if ((await kindOf(reference)) === 'folder') return (await folderFiles(reference, split)).length > 0;
  return isHubId(resolveAlias(reference)) && !reference.startsWith('tasks/');
}

async function tableFiles(reference: string, options: LoadInstancesOptions): Promise<string[]> {
  const split = options.split ?? 'test';
  if (isTableFile(reference)) return [reference];
  if ((await kindOf(reference)) === 'folder') {
    const files = await folderFiles(reference, split);
    if (files.length > 0) return files;
    throw missing(reference, `it has no ${split}.parquet, ${split}.json or ${split}.jsonl`);
  }
  const id = resolveAlias(reference);
  if (!isHubId(id)) throw missing(reference, 'it is neither a file, a folder, a known name nor owner/name');
  return hubFiles(id, { cache: options.cache, split, ...(options.env === undefined ? {} : { env: options.env }) });
}

/** `<split>.parquet` (or json, jsonl), else the shards of the split, here or in `data/`. */
async function folderFiles(folder: string, split: string): Promise<string[]> {
  for (const place of [folder, join(folder, 'data'), join(folder, split)]) {
    const names = (await kindOf(place)) === 'folder' ? (await readdir(place)).sort() : [];
    const exact = ['parquet', 'json', 'jsonl']
      .map((ending) => `${split}.${ending}`)
      .find((name) => names.includes(name));
    if (exact !== undefined) return [join(place, exact)];
    const shards = names.filter((name) => name.startsWith(`${split}-`) && name.endsWith('.parquet'));
    if (shards.length > 0) return shards.map((name) => join(place, name));
  }
  return [];
}

async function kindOf(path: string): Promise<'file' | 'folder' | null> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
  return info === null ? null : info.isDirectory() ? 'folder' : 'file';
}

function select(instances: SwebenchInstance[], ids: readonly string[]): SwebenchInstance[] {
  if (ids.length === 0) return instances;
  const known = new Set(instances.map((one) => one.instance_id));
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length > 0) {
    const message = `Some instance IDs not found in dataset!\nMissing IDs:\n${unknown.join(' ')}`;
    throw new AssayError('instance-not-found', message, { class: 'input', retryable: false });
  }
  const wanted = new Set(ids);
  return instances.filter((one) => wanted.has(one.instance_id));
}

function missing(reference: string, reason: string): AssayError {
  return new AssayError('dataset-not-found', `${reference} is no SWE-bench data set: ${reason}`, {
    class: 'input',
    retryable: false,
  });
}
