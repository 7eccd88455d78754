/** A SWE-bench-like data set by the name a user gives: file, folder, alias or Hugging Face id. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AssayError } from '../../contracts/index.ts';
import type { SwebenchInstance } from '../contracts.ts';
import { shortName } from '../folder-name.ts';
import { isAlias, isHubId, resolveAlias } from './dataset-alias.ts';
import { hubFiles } from './hub-files.ts';
import { instanceIdOf, parseInstance } from './parse-instance.ts';
import { isTableFile, type Row, readRows } from './read-rows.ts';

export interface LoadInstancesOptions {
  /** Default `test`. Files hold one split and ignore it. */
  split?: string;
  /** Only these, in the order of the data set. */
  instanceIds?: readonly string[];
  /** Which of the ids of the split, and in which order; in place of `instanceIds`. */
  choose?: (ids: readonly string[]) => readonly string[];
  /** True: all of them all the same; the ids must be there. */
  wholeSplit?: boolean;
  /** Where downloaded sets are kept. */
  cache: string;
  env?: NodeJS.ProcessEnv;
  /** Ends a download. */
  signal?: AbortSignal;
}

export interface LoadedSplit {
  /** Those that are asked for, or all. */
  instances: SwebenchInstance[];
  /** Ids of the whole split. */
  splitIds: ReadonlySet<string>;
}

/** Throws `dataset-not-found`, `task-invalid` for a row that cannot be graded, `instance-not-found` listing ids that are not there. */
export async function loadInstances(reference: string, options: LoadInstancesOptions): Promise<SwebenchInstance[]> {
  return (await loadSplit(reference, options)).instances;
}

/** Only rows that are asked for are checked. Throws like `loadInstances`. */
export async function loadSplit(reference: string, options: LoadInstancesOptions): Promise<LoadedSplit> {
  const rows: PlacedRow[] = [];
  for (const path of await tableFiles(reference, options)) rows.push(...placed(await readRows(path), path));
  const splitIds = new Set(rows.flatMap(({ id }) => id ?? []));
  if (options.choose !== undefined) return { instances: chosenRows(rows, options.choose([...splitIds])), splitIds };
  const asked = new Set(options.instanceIds ?? []);
  refuseUnknown(asked, splitIds);
  const wanted =
    asked.size === 0 || options.wholeSplit === true ? rows : rows.filter(({ id }) => id !== undefined && asked.has(id));
  return { instances: parsed(wanted), splitIds };
}

function chosenRows(rows: readonly PlacedRow[], ids: readonly string[]): SwebenchInstance[] {
  const rank = new Map(ids.map((id, index) => [id, index]));
  const rankOf = ({ id }: PlacedRow) => (id === undefined ? undefined : rank.get(id));
  const wanted = rows.filter((row) => rankOf(row) !== undefined);
  return parsed(wanted.sort((a, b) => (rankOf(a) ?? 0) - (rankOf(b) ?? 0)));
}

function parsed(rows: readonly PlacedRow[]): SwebenchInstance[] {
  refuseTwins(rows);
  return rows.map(({ row, place }) => parseInstance(row, place));
}

interface PlacedRow {
  row: Row;
  id: string | undefined;
  /** File and number, for messages. */
  place: string;
}

function placed(rows: readonly Row[], path: string): PlacedRow[] {
  return rows.map((row, index) => ({ row, id: instanceIdOf(row), place: `${path}, row ${index + 1}` }));
}

/** True for names of tables, published sets and folders with a table of the split; folders of tasks, also the bundled `tasks/...`, are something else. */
export async function isSwebenchReference(reference: string, split = 'test'): Promise<boolean> {
  if (isTableFile(reference)) return true;
  if (await isFolder(reference)) return (await folderFiles(reference, split)).length > 0;
  return isHubId(resolveAlias(reference)) && !reference.startsWith('tasks/');
}

async function tableFiles(reference: string, options: LoadInstancesOptions): Promise<string[]> {
  const split = options.split ?? 'test';
  if (isTableFile(reference)) return [reference];
  if (await isFolder(reference)) {
    const files = await folderFiles(reference, split);
    if (files.length > 0) return files;
    throw missing(reference, `it has no ${split}.parquet, ${split}.json or ${split}.jsonl`);
  }
  const id = resolveAlias(reference);
  if (!isHubId(id)) throw missing(reference, 'it is neither a file, a folder, a known name nor owner/name');
  const { cache, env, signal } = options;
  return hubFiles(id, { cache, split, ...(env && { env }), ...(signal && { signal }) });
}

/** `<split>.parquet` (or json, jsonl), else the shards of the split, here or in `data/`. */
async function folderFiles(folder: string, split: string): Promise<string[]> {
  for (const place of [folder, join(folder, 'data'), join(folder, split)]) {
    const names = (await isFolder(place)) ? (await readdir(place)).sort() : [];
    const exact = ['parquet', 'json', 'jsonl']
      .map((ending) => `${split}.${ending}`)
      .find((name) => names.includes(name));
    if (exact !== undefined) return [join(place, exact)];
    const shards = names.filter((name) => name.startsWith(`${split}-`) && name.endsWith('.parquet'));
    if (shards.length > 0) return shards.map((name) => join(place, name));
  }
  return [];
}

/** A folder with the name of an alias is `./lite`. */
async function isFolder(path: string): Promise<boolean> {
  if (isAlias(path)) return false;
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
  return info?.isDirectory() ?? false;
}

function refuseUnknown(asked: ReadonlySet<string>, splitIds: ReadonlySet<string>): void {
  const unknown = [...asked].filter((id) => !splitIds.has(id));
  if (unknown.length === 0) return;
  const message = `Some instance IDs not found in dataset!\nMissing IDs:\n${unknown.join(' ')}`;
  throw new AssayError('instance-not-found', message, { class: 'input', retryable: false });
}

/** Two rows of one id would be evaluated in the same folder, and counted as two. */
function refuseTwins(rows: readonly PlacedRow[]): void {
  const places = new Map<string, string>();
  for (const { id, place } of rows) {
    if (id === undefined) continue;
    const first = places.get(id);
    if (first !== undefined) {
      const message = `${shortName(id)} is there twice: ${first}, and ${place}`;
      throw new AssayError('task-invalid', message, {
        class: 'input',
        retryable: false,
        hint: 'Take one of the two rows out of the data set, or name other instances with -i.',
      });
    }
    places.set(id, place);
  }
}

function missing(reference: string, reason: string): AssayError {
  return new AssayError('dataset-not-found', `${reference} is no SWE-bench data set: ${reason}`, {
    class: 'input',
    retryable: false,
  });
}
