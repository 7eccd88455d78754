import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownIdentity, type ProcessIdentity } from '../base/process-identity.ts';
import { acquireRunLock, isRunLocked } from './run-lock.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'assay-lock-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const leave = async (number: number, change: Partial<ProcessIdentity>) =>
  await writeFile(
    join(dir, `lock-${number}.json`),
    JSON.stringify({ owner: { ...(await ownIdentity()), ...change }, since: 'then' }),
  );

test('a number that another process has now is not the process that took the lock', async () => {
  await leave(1, { startTicks: '1' });
  expect(await isRunLocked(dir)).toBe(false);
  await (await acquireRunLock(dir)).release();
});

test.each<[string, Partial<ProcessIdentity>]>([
  ['the number belongs to no process', { pid: 2 ** 22 + 1 }],
  ['the machine was started anew', { bootId: 'another boot' }],
])('a lock is broken when %s', async (_name, change) => {
  await leave(7, change);
  const lock = await acquireRunLock(dir);
  expect(await readdir(dir)).toEqual(['lock-8.json']);
  expect(await isRunLocked(dir)).toBe(true);
  await lock.release();
  await lock.release();
  expect(await isRunLocked(dir)).toBe(false);
});

test.each<[string, Partial<ProcessIdentity>]>([
  ['machine', { host: 'elsewhere', bootId: 'other' }],
  ['pid namespace', { pidNamespace: 'pid:[1]' }],
])('an owner on another %s is believed to be alive', async (_name, change) => {
  await leave(1, change);
  await expect(acquireRunLock(dir)).rejects.toMatchObject({
    code: 'run-locked',
    hint: expect.stringContaining('lock-1.json') as string,
  });
});

test('of many that break the same dead lock at once exactly one wins, every time', async () => {
  await leave(1, { pid: 2 ** 22 + 1 });
  for (let round = 0; round < 20; round++) {
    const results = await Promise.allSettled(Array.from({ length: 16 }, () => acquireRunLock(dir)));
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(won).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'run-locked' });
    const names = (await readdir(dir)).sort((a, b) => Number(a.slice(5, -5)) - Number(b.slice(5, -5)));
    const owner: unknown = JSON.parse(await readFile(join(dir, names.at(-1) ?? ''), 'utf8'));
    expect(owner).toMatchObject({ owner: { pid: process.pid } });
    await won[0]?.release();
  }
});
