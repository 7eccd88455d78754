import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withFileLock } from './file-lock.ts';

let folder: string;
let lock: string;
const signal = new AbortController().signal;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-lock-'));
  lock = join(folder, 'x.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A process that adds one to a counter file `times` times, each under the lock; without the lock increments would be lost. */
function counter(times: number, hold = 0) {
  const script = `
    import { readFileSync, writeFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { withFileLock } from ${JSON.stringify(join(import.meta.dirname, 'file-lock.ts'))};
    const file = ${JSON.stringify(join(folder, 'count'))};
    for (let i = 0; i < ${times}; i++) await withFileLock(${JSON.stringify(lock)}, new AbortController().signal, async () => {
      const value = Number(readFileSync(file, 'utf8'));
      await sleep(2);
      writeFileSync(file, String(value + 1));
      if (${hold} > 0) { console.log('held'); await sleep(${hold}); }
    });`;
  writeFileSync(join(folder, `child-${times}-${hold}.mts`), script);
  return spawn(process.execPath, ['--import', 'tsx', join(folder, `child-${times}-${hold}.mts`)], {
    cwd: join(import.meta.dirname, '../..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test('processes take turns', async () => {
  writeFileSync(join(folder, 'count'), '0');
  const children = [counter(10), counter(11), counter(12)];
  const codes = await Promise.all(children.map((child) => new Promise((resolve) => child.once('exit', resolve))));
  expect(codes).toEqual([0, 0, 0]);
  expect(readFileSync(join(folder, 'count'), 'utf8')).toBe('33');
  expect(readdirSync(folder).filter((name) => name.startsWith('x.lock'))).toEqual([]);
});

test('the lock of a process that was killed is broken, by one of many', async () => {
  writeFileSync(join(folder, 'count'), '0');
  const child = counter(1, 60_000);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const exited = new Promise((resolve) => child.once('exit', resolve));
  let waits = 0;
  let inside = 0;
  const works = Array.from({ length: 5 }, () =>
    withFileLock(
      lock,
      signal,
      async () => {
        expect(++inside).toBe(1);
        await sleep(5);
        inside--;
        return true;
      },
      () => waits++,
    ),
  );
  await sleep(200);
  expect(waits).toBe(5);
  child.kill('SIGKILL');
  await exited;
  expect(await Promise.all(works)).toEqual([true, true, true, true, true]);
  expect(existsSync(lock)).toBe(false);
});

test('a reused pid, another boot, and a silent owner elsewhere are stale; a fresh one elsewhere is not', async () => {
  let owner: Record<string, unknown> = {};
  await withFileLock(lock, signal, async () => {
    owner = JSON.parse(readFileSync(lock, 'utf8'));
  });
  const left = async (change: Record<string, unknown>, age = 0) => {
    writeFileSync(lock, JSON.stringify({ ...owner, token: 'theirs', ...change }));
    const then = new Date(Date.now() - age);
    utimesSync(lock, then, then);
    return withFileLock(lock, AbortSignal.timeout(400), async () => 'taken').catch((error) => error.code);
  };
  expect(await left({ startTicks: '1' })).toBe('taken');
  expect(await left({ bootId: 'other' })).toBe('taken');
  expect(await left({ bootId: 'other', host: 'elsewhere' }, 200_000)).toBe('taken');
  expect(await left({ bootId: 'other', host: 'elsewhere' }, 60_000)).toBe('cancelled');
  expect(await left({ pidNamespace: 'pid:[1]' }, 60_000)).toBe('cancelled');
  expect(await left({})).toBe('cancelled');
});

test('an error of the work releases the lock', async () => {
  await expect(withFileLock(lock, signal, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(lock)).toBe(false);
});
