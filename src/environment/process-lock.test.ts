import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withProcessLock } from './process-lock.ts';
import { SingleFlight } from './single-flight.ts';

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
    import { withProcessLock } from ${JSON.stringify(join(import.meta.dirname, 'process-lock.ts'))};
    const file = ${JSON.stringify(join(folder, 'count'))};
    for (let i = 0; i < ${times}; i++) await withProcessLock(${JSON.stringify(lock)}, { signal: new AbortController().signal }, async () => {
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
    withProcessLock(lock, { signal, onWait: () => waits++ }, async () => {
      expect(++inside).toBe(1);
      await sleep(5);
      inside--;
      return true;
    }),
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
  await withProcessLock(lock, { signal }, async () => {
    owner = JSON.parse(readFileSync(lock, 'utf8'));
  });
  const left = async (change: Record<string, unknown>, age = 0) => {
    writeFileSync(lock, JSON.stringify({ ...owner, token: 'theirs', ...change }));
    const then = new Date(Date.now() - age);
    utimesSync(lock, then, then);
    return withProcessLock(lock, { signal: AbortSignal.timeout(400) }, async () => 'taken').catch(
      (error) => error.code,
    );
  };
  expect(await left({ started: '1' })).toBe('taken');
  expect(await left({ boot: 'other' })).toBe('taken');
  expect(await left({ boot: 'other', host: 'elsewhere' }, 200_000)).toBe('taken');
  expect(await left({ boot: 'other', host: 'elsewhere' }, 60_000)).toBe('cancelled');
  expect(await left({ namespace: 'pid:[1]' }, 60_000)).toBe('cancelled');
  expect(await left({})).toBe('cancelled');
});

test('an error of the work releases the lock', async () => {
  await expect(withProcessLock(lock, { signal }, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(lock)).toBe(false);
});

test('equal work runs once and is cancelled when nobody waits', async () => {
  const flights = new SingleFlight();
  let runs = 0;
  let cancelledWork = 0;
  const work = async (inner: AbortSignal) => {
    runs++;
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, 100);
      inner.addEventListener('abort', () => {
        cancelledWork++;
        clearTimeout(timer);
        resolve(null);
      });
    });
    return runs;
  };
  const impatient = new AbortController();
  const first = flights.run('k', impatient.signal, work);
  const second = flights.run('k', signal, work);
  impatient.abort();
  await expect(first).rejects.toMatchObject({ code: 'cancelled' });
  expect(await second).toBe(1);
  expect([runs, cancelledWork]).toEqual([1, 0]);
  const alone = new AbortController();
  const third = flights.run('k', alone.signal, work);
  alone.abort();
  await expect(third).rejects.toMatchObject({ code: 'cancelled' });
  const fourth = flights.run('k', signal, work);
  expect(await fourth).toBe(3);
  expect([runs, cancelledWork]).toEqual([3, 1]);
});
