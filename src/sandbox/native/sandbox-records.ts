/** Records of sandboxes in use, `sandboxes/<id>.owner.json`, with a private folder beside some: what a killed owner leaves is found by them. */
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { AssayPaths } from '../../base/paths.ts';
import { livenessOf, ownIdentity, processIdentitySchema } from '../../base/process-identity.ts';
import { readRecord } from '../../base/read-record.ts';

const ENDING = '.owner.json';
const recordSchema = z.object({ owner: processIdentitySchema, labels: z.record(z.string(), z.string()) });

/** The private folder of a sandbox; not made here. */
export function sandboxFolder(paths: AssayPaths, id: string): string {
  return join(paths.sandboxes, id);
}

export async function writeRecord(
  paths: AssayPaths,
  id: string,
  labels?: Readonly<Record<string, string>>,
): Promise<void> {
  await writeFile(
    sandboxFolder(paths, id) + ENDING,
    JSON.stringify({ owner: await ownIdentity(), labels: labels ?? {} }),
  );
}

/** Removes the record and the folder. */
export async function removeRecord(paths: AssayPaths, id: string): Promise<void> {
  await rm(sandboxFolder(paths, id), { recursive: true, force: true });
  await rm(sandboxFolder(paths, id) + ENDING, { force: true });
}

/** Removes records and folders whose owner is gone; how many. */
export async function removeDeadRecords(paths: AssayPaths): Promise<number> {
  const dead = (await records(paths)).filter(({ alive }) => !alive);
  for (const { id } of dead) await removeRecord(paths, id);
  return dead.length;
}

/** Sandboxes that living processes hold. */
export async function liveRecords(paths: AssayPaths): Promise<string[]> {
  return (await records(paths)).filter(({ alive }) => alive).map(({ id }) => id);
}

/** An unreadable record is being written, or was when its process was killed. An owner that cannot be looked up (another container) counts as alive. */
async function records(paths: AssayPaths): Promise<{ id: string; alive: boolean }[]> {
  const names = (await readdir(paths.sandboxes).catch(() => [])).filter((name) => name.endsWith(ENDING));
  const own = await ownIdentity();
  return Promise.all(
    names.map(async (name) => {
      const file = join(paths.sandboxes, name);
      const record = await readRecord(file, recordSchema);
      const alive = record === null ? await isFresh(file) : (await livenessOf(record.owner, own)) !== 'dead';
      return { id: name.slice(0, -ENDING.length), alive };
    }),
  );
}

async function isFresh(file: string): Promise<boolean> {
  const about = await stat(file).catch(() => null);
  return about !== null && Date.now() - about.mtimeMs < 60_000;
}
