/**
 * Records of sandboxes in use, `sandboxes/<id>.<pid>-<start>.owner.json`, with a private folder `<id>` beside some: what a killed owner leaves is found by them. The owner stands in
 * the name as well, for a record whose writing was cut off by a kill.
 */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { AssayPaths } from '../../base/paths.ts';
import { livenessOf, ownIdentity, type ProcessIdentity, processIdentitySchema } from '../../base/process-identity.ts';
import { readRecord } from '../../base/read-record.ts';
import { AssayError, toFailure } from '../../contracts/index.ts';

const NAME = /^(.+)\.(\d+)-(\d+)\.owner\.json$/;
const recordSchema = z.object({
  owner: processIdentitySchema,
  labels: z.record(z.string(), z.string()),
  layers: z.array(z.string()).default([]),
});

/** The private folder of a sandbox; not made here. */
export function sandboxFolder(paths: AssayPaths, id: string): string {
  return join(paths.sandboxes, id);
}

function recordFile(paths: AssayPaths, id: string, owner: ProcessIdentity): string {
  return join(paths.sandboxes, `${id}.${owner.pid}-${owner.startTicks ?? 0}.owner.json`);
}

/** Says that this process holds the sandbox, and on which layers (names in the store) it stands. Throws `disk-full`, `io`, with no record left. */
export async function writeRecord(
  paths: AssayPaths,
  id: string,
  labels: Readonly<Record<string, string>> = {},
  layers: readonly string[] = [],
): Promise<void> {
  const owner = await ownIdentity();
  const file = recordFile(paths, id, owner);
  await writeFile(file, JSON.stringify({ owner, labels, layers })).catch(async (cause: unknown) => {
    await rm(file, { force: true });
    throw notWritten(cause);
  });
}

function notWritten(cause: unknown): AssayError {
  const { code, message, hint } = toFailure(cause);
  return new AssayError(code, `no record of the sandbox can be written: ${message}`, {
    class: 'infra',
    retryable: true,
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Removes this process's record and the folder. */
export async function removeRecord(paths: AssayPaths, id: string): Promise<void> {
  await rm(sandboxFolder(paths, id), { recursive: true, force: true });
  await rm(recordFile(paths, id, await ownIdentity()), { force: true });
}

/** Removes records and folders whose owner is gone; how many. */
export async function removeDeadRecords(paths: AssayPaths): Promise<number> {
  const dead = (await records(paths)).filter(({ alive }) => !alive);
  for (const { id, file } of dead) {
    await rm(sandboxFolder(paths, id), { recursive: true, force: true });
    await rm(file, { force: true });
  }
  return dead.length;
}

/** Sandboxes that living processes hold. */
export async function liveRecords(paths: AssayPaths): Promise<string[]> {
  return (await records(paths)).filter(({ alive }) => alive).map(({ id }) => id);
}

/** Names of the layers that sandboxes of living processes stand on. */
export async function layersInUse(paths: AssayPaths): Promise<Set<string>> {
  return new Set((await records(paths)).flatMap(({ alive, layers }) => (alive ? layers : [])));
}

/** An owner that cannot be looked up (another container) counts as alive. */
async function records(paths: AssayPaths): Promise<{ id: string; file: string; alive: boolean; layers: string[] }[]> {
  const own = await ownIdentity();
  const names = await readdir(paths.sandboxes).catch(() => []);
  const found = names.flatMap((name) => {
    const [, id = '', pid = '', startTicks = ''] = NAME.exec(name) ?? [];
    return id === ''
      ? []
      : [{ id, file: join(paths.sandboxes, name), named: { ...own, pid: Number(pid), startTicks } }];
  });
  return Promise.all(
    found.map(async ({ id, file, named }) => {
      const record = await readRecord(file, recordSchema);
      const alive = (await livenessOf(record?.owner ?? named, own)) !== 'dead';
      return { id, file, alive, layers: record?.layers ?? [] };
    }),
  );
}
