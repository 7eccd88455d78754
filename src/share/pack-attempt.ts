/** An attempt as one piece of data: its log, the files beside it, and what the log keeps in blobs. Format: docs/distributed-runs.md. */
import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { z } from 'zod';
import { ARTIFACT_NAMES, type AttemptRef } from '../contracts/index.ts';
import { runPaths } from '../store/run-folder.ts';
import { storeError, systemCode } from '../store/store-error.ts';

/** What a bundle says of itself, so that one that belongs elsewhere is told. */
export const bundleHeaderSchema = z.object({
  formatVersion: z.literal(1),
  runId: z.string(),
  planDigest: z.string(),
  instanceId: z.string(),
  attempt: z.number().int().positive(),
  owner: z.string(),
  token: z.number().int().positive(),
});
export type BundleHeader = z.infer<typeof bundleHeaderSchema>;

export const HEADER_FILE = 'bundle.json';
const BLOB_REFERENCE = /"\$blob":"sha256:([0-9a-f]{64})"/g;

/** Of the run folder `dir`; nothing is written to the attempt meanwhile. Throws `io`. */
export async function packAttempt(dir: string, header: BundleHeader): Promise<Buffer> {
  const files = await filesOf(dir, header);
  const archive = pack();
  const whole = buffer(archive);
  for (const [name, data] of [[HEADER_FILE, Buffer.from(JSON.stringify(header))] as const, ...files])
    archive.entry({ name, mtime: new Date(0) }, data);
  archive.finalize();
  return await promisify(gzip)(await whole);
}

async function filesOf(dir: string, ref: AttemptRef): Promise<[string, Buffer][]> {
  const paths = runPaths(dir);
  const folder = paths.attempt(ref);
  const log = await readIfThere(join(folder, 'events.jsonl'));
  const artifacts = (await entriesOf(join(folder, 'artifacts'))).map((name) => `artifacts/${name}`);
  const blobs = new Set([...(log ?? '').toString('utf8').matchAll(BLOB_REFERENCE)].map(([, hex = '']) => hex));
  const wanted = [
    ...['events.jsonl', ...ARTIFACT_NAMES, ...artifacts].map((name) => ({ name, path: join(folder, name) })),
    ...[...blobs].map((hex) => ({ name: `blobs/${hex}`, path: join(paths.blobs, hex.slice(0, 2), hex) })),
  ];
  const files: [string, Buffer][] = [];
  for (const { name, path } of wanted) {
    const data = await readIfThere(path);
    if (data !== null) files.push([name, data]);
  }
  return files;
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw storeError(error, path);
  }
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    const entries: Dirent[] = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw storeError(error, folder);
  }
}
