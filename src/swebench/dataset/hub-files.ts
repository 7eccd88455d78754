/**
 * Parquet files of a Hugging Face data set, kept on disk. What is in the cache is used without asking the network; `refresh` asks again. The cache of the Hugging Face tools
 * is looked at too, so a machine that has the set needs no network at all.
 */
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { makeFolder } from '../../base/make-folder.ts';
import { AssayError } from '../../contracts/index.ts';

export interface HubOptions {
  /** Folder of the cache. */
  cache: string;
  split: string;
  env?: NodeJS.ProcessEnv;
  /** Default: the global `fetch`. */
  fetch?: typeof fetch;
  refresh?: boolean;
  /** Throws `cancelled` once it aborts. */
  signal?: AbortSignal;
}

/** For one request, its body included. */
const MOST_SECONDS = 1800;

const treeSchema = z.array(z.object({ type: z.string(), path: z.string() }));

/** Paths of the split's parquet files on disk. Throws `dataset-not-found` when they are neither cached nor to be had. */
export async function hubFiles(id: string, options: HubOptions): Promise<string[]> {
  const env = options.env ?? process.env;
  const folder = join(options.cache, id.replace('/', '--'), options.split);
  if (options.refresh !== true) {
    const kept = await parquetFiles(folder, () => true);
    if (kept.length > 0) return kept;
    const foreign = await hubToolCache(id, options.split, env);
    if (foreign.length > 0) return foreign;
  }
  if (env.HF_HUB_OFFLINE === '1' || env.HF_DATASETS_OFFLINE === '1')
    throw notFound(id, options.split, 'it is not cached, and HF_HUB_OFFLINE forbids to fetch it');
  return download(id, folder, options, env);
}

async function download(id: string, folder: string, options: HubOptions, env: NodeJS.ProcessEnv): Promise<string[]> {
  const endpoint = (env.HF_ENDPOINT ?? 'https://huggingface.co').replace(/\/$/, '');
  const token = env.HF_TOKEN ?? env.HUGGING_FACE_HUB_TOKEN;
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const limit = () => {
    const timeout = AbortSignal.timeout(MOST_SECONDS * 1000);
    return options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  };
  const failed = (error: unknown): never => {
    if (options.signal?.aborted)
      throw new AssayError('cancelled', `cancelled while ${id} was fetched`, { class: 'cancelled', retryable: true });
    throw notFound(id, options.split, `${endpoint} cannot be reached (${(error as Error).message})`);
  };
  const request = async (path: string) => {
    const response = await (options.fetch ?? fetch)(`${endpoint}/${path}`, { headers, signal: limit() }).catch(failed);
    if (!response.ok) throw notFound(id, options.split, `${endpoint} answers ${response.status}`);
    return response;
  };
  const tree = treeSchema.parse(await (await request(`api/datasets/${id}/tree/main?recursive=1`)).json());
  const wanted = tree.filter((entry) => entry.type === 'file' && isSplitFile(entry.path, options.split));
  if (wanted.length === 0) throw notFound(id, options.split, 'it has no parquet files of this split');
  // Whole or not at all: some of the files would be taken for the set from then on.
  const partial = `${folder}.${process.pid}.partial`;
  await makeFolder(partial);
  try {
    for (const { path } of wanted) {
      const content = await (await request(`datasets/${id}/resolve/main/${path}`)).arrayBuffer().catch(failed);
      await writeFile(join(partial, path.replaceAll('/', '--')), new Uint8Array(content));
    }
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return parquetFiles(folder, () => true);
}

/** `data/test-00000-of-00001.parquet`, `test.parquet`, `data/test/0.parquet`. */
function isSplitFile(path: string, split: string): boolean {
  return (
    path.endsWith('.parquet') &&
    path.split('/').some((part) => part === split || part.startsWith(`${split}-`) || part === `${split}.parquet`)
  );
}

/** Snapshots that `huggingface_hub` made, newest first. */
async function hubToolCache(id: string, split: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const root = env.HF_HUB_CACHE ?? join(env.HF_HOME ?? join(env.HOME ?? homedir(), '.cache', 'huggingface'), 'hub');
  const snapshots = join(root, `datasets--${id.replace('/', '--')}`, 'snapshots');
  const found: { time: number; files: string[] }[] = [];
  for (const name of await entriesOf(snapshots)) {
    const folder = join(snapshots, name);
    const files = await parquetFiles(folder, (path) => isSplitFile(path, split));
    if (files.length > 0) found.push({ time: (await stat(folder)).mtimeMs, files });
  }
  return found.sort((a, b) => b.time - a.time)[0]?.files ?? [];
}

async function parquetFiles(folder: string, accept: (path: string) => boolean): Promise<string[]> {
  const names = await entriesOf(folder, true);
  return names
    .filter((name) => name.endsWith('.parquet') && accept(name))
    .sort()
    .map((name) => join(folder, name));
}

async function entriesOf(folder: string, recursive = false): Promise<string[]> {
  return readdir(folder, { recursive, encoding: 'utf8' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
}

function notFound(id: string, split: string, reason: string): AssayError {
  return new AssayError('dataset-not-found', `${id} (split ${split}) cannot be loaded: ${reason}`, {
    class: 'input',
    retryable: null,
    hint: 'Give a local .parquet, .json or .jsonl file instead, or set HF_TOKEN for a set that asks for it.',
  });
}
