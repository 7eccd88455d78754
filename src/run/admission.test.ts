import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Admission } from './admission.ts';

test('under pressure one at a time, with a word about it; as many as asked for when there is room again', async () => {
  let reason: string | undefined = 'no memory';
  const told: string[] = [];
  const admission = new Admission({
    shortage: async () => reason,
    onWait: async (text) => void told.push(text),
    stopped: () => false,
    intervalMs: 2,
  });
  let [active, most] = [0, 0];
  const work = async () => {
    most = Math.max(most, ++active);
    await sleep(10);
    active--;
  };
  await Promise.all(Array.from({ length: 5 }, () => admission.run(work)));
  expect([most, told[0]]).toEqual([1, 'no memory']);
  reason = undefined;
  await Promise.all(Array.from({ length: 5 }, () => admission.run(work)));
  expect(most).toBe(5);
});

test('a run that stops waits for nothing', async () => {
  let stopped = false;
  const admission = new Admission({
    shortage: async () => 'no memory',
    onWait: async () => {},
    stopped: () => stopped,
    intervalMs: 2,
  });
  let release: () => void = () => {};
  const first = admission.run(() => new Promise<void>((resolve) => (release = resolve)));
  await sleep(5);
  const second = admission.run(async () => 'done');
  stopped = true;
  expect(await second).toBe('done');
  release();
  await first;
});
