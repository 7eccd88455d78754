/** Pictures that tests of Multimodal rows compare with: a patch in text cannot carry them, so the row names where they are. They reach the work tree after the test patch. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, extname, join, posix } from 'node:path';
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
/** What servers say in place of a picture, with the status of success. */
const PAGE = /^\s*<(?:!doctype\s+html|html)\b/i;

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

/** Of the test patch first, then of the gold patch. Throws `dataset-not-found` (retryable) for what cannot be had: without it a right answer fails; `task-invalid` for a path that is none. */
export async function fetchImageAssets(instance: SwebenchInstance, options: AssetOptions): Promise<ImageAssetFile[]> {
  const { test_patch, patch } = instance.image_assets;
  const named = [...test_patch, ...patch].filter(({ path }) => path !== '');
  for (const { path } of named) checkPath(path, instance.instance_id);
  return Promise.all(
    named.map(async ({ path, url }, index) => ({
      path,
      name: nameOf(named, index),
      content: await fetchOnce(url, `${path} of ${instance.instance_id}`, options),
    })),
  );
}

/** Paths of a work tree: relative, below it, and such that a file system takes them. */
function checkPath(path: string, instanceId: string): void {
  const parts = path.split('/');
  const usable = parts.every((part) => !['', '.', '..'].includes(part) && Buffer.byteLength(part) <= 255);
  if (usable && !path.includes('\0') && Buffer.byteLength(path) < 1024) return;
  const message = `${instanceId}: ${JSON.stringify(path.slice(0, 200))} is no path for a picture in a work tree`;
  throw new AssayError('task-invalid', message, { class: 'input', retryable: false });
}

/** The path in one word, as in the reference; numbered where that is the name of another path or too long for a file. */
function nameOf(named: readonly { path: string }[], index: number): string {
  const plain = (path: string | undefined) => (path ?? '').replaceAll('/', '__');
  const path = named[index]?.path;
  const name = plain(path);
  const taken = named.slice(0, index).some((one) => one.path !== path && plain(one.path) === name);
  return taken || Buffer.byteLength(name) > 200 ? `${index}${extname(name)}` : name;
}

async function fetchOnce(url: string, what: string, { cache, signal, fetch }: AssetOptions): Promise<Buffer> {
  const kept = join(cache, sha256(url).slice('sha256:'.length));
  const found = await readFile(kept).catch(() => undefined);
  if (found !== undefined) return found;
  try {
    if (!/^https?:\/\//.test(url)) throw new Error(`${JSON.stringify(url)} is no address`);
    const fetching = { signal, maxBytes: MAX_BYTES, timeoutMs: 60_000, ...(fetch === undefined ? {} : { fetch }) };
    const { body } = await fetchRetry(url, fetching);
    if (PAGE.test(body.toString('latin1', 0, 200))) throw new Error(`${url} answers with a page`);
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
    const folder = shellWord(posix.dirname(path));
    return `mkdir -p -- ${folder} && cp -- ${shellWord(`${PLACE}/${name}`)} ${shellWord(path)}`;
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
