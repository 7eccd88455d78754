/** Pictures that tests of Multimodal rows compare with: a patch in text cannot carry them, so the row names where they are. They reach the work tree after the test patch. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { sha256 } from '../../base/digest.ts';
import { makeFolder } from '../../base/make-folder.ts';
import { shellWord } from '../../base/shell-word.ts';
import { AssayError, type Sandbox, toFailure } from '../../contracts/index.ts';
import { fetchRetry } from '../../environment/fetch-retry.ts';
import { sandboxFiles } from '../../sandbox/files.ts';
import type { SwebenchInstance } from '../contracts.ts';
import { START_MARKER } from '../dataset/eval-script.ts';

/** Folder in the sandbox, as in the reference. */
const PLACE = '/image_assets';
const MAX_BYTES = 64 * 1024 ** 2;

export interface ImageAssetFile {
  /** In the work tree. */
  path: string;
  /** Its name below `PLACE`. */
  name: string;
  content: Buffer;
}

export interface AssetOptions {
  /** Downloads are kept here, by address. */
  cache: string;
  signal: AbortSignal;
  fetch?: typeof fetch;
}

/** Of the test patch first, then of the gold patch. Throws `dataset-not-found` (retryable) for what cannot be had: without it a right answer fails. */
export async function fetchImageAssets(instance: SwebenchInstance, options: AssetOptions): Promise<ImageAssetFile[]> {
  const { test_patch, patch } = instance.image_assets;
  const named = [...test_patch, ...patch].filter(({ path }) => path !== '');
  return Promise.all(
    named.map(async ({ path, url }) => ({
      path,
      name: path.replaceAll('/', '__'),
      content: await fetchOnce(url, `${path} of ${instance.instance_id}`, options),
    })),
  );
}

async function fetchOnce(url: string, what: string, { cache, signal, fetch }: AssetOptions): Promise<Buffer> {
  const kept = join(cache, sha256(url).slice('sha256:'.length));
  const found = await readFile(kept).catch(() => undefined);
  if (found !== undefined) return found;
  try {
    if (!/^https?:\/\//.test(url)) throw new Error(`${JSON.stringify(url)} is no address`);
    const fetching = { signal, maxBytes: MAX_BYTES, timeoutMs: 60_000, ...(fetch === undefined ? {} : { fetch }) };
    const { body } = await fetchRetry(url, fetching);
    await makeFolder(dirname(kept));
    await writeFileAtomic(kept, body);
    return body;
  } catch (error) {
    if (signal.aborted) throw error;
    throw new AssayError('dataset-not-found', `${what} cannot be fetched: ${toFailure(error).message}`, {
      class: 'infra',
      retryable: true,
      hint: 'Without it right answers fail, so the instance is not graded. Check the network, then grade again.',
      cause: error,
    });
  }
}

/** The script that puts them into place, right before the tests. */
export function withAssets(script: string, assets: readonly ImageAssetFile[]): string {
  if (assets.length === 0) return script;
  const lines = script.split('\n');
  const commands = assets.map(({ path, name }) => {
    return `mkdir -p $(dirname ${shellWord(path)}) && cp ${shellWord(`${PLACE}/${name}`)} ${shellWord(path)}`;
  });
  const at = lines.findIndex((line) => line.includes(START_MARKER));
  return at < 0
    ? [script, ...commands].join('\n')
    : [...lines.slice(0, at), ...commands, ...lines.slice(at)].join('\n');
}

/** Where the script looks for them. */
export async function placeAssets(sandbox: Sandbox, assets: readonly ImageAssetFile[]): Promise<void> {
  const files = sandboxFiles(sandbox);
  for (const { name, content } of assets) await files.write(`${PLACE}/${name}`, content);
}

/** Beside the logs, as the reference leaves them. */
export async function keepAssets(folder: string, assets: readonly ImageAssetFile[]): Promise<void> {
  if (assets.length === 0) return;
  await mkdir(join(folder, 'image_assets'));
  for (const { name, content } of assets) await writeFile(join(folder, 'image_assets', name), content);
}
