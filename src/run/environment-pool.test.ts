import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { environmentOf, instanceOf } from '../../test/support/run-doubles.ts';
import { AssayError, type EnvironmentBuilder } from '../contracts/index.ts';
import { EnvironmentPool, type EnvironmentPoolOptions } from './environment-pool.ts';
import type { WorkItem } from './plan-work.ts';
import type { NewEvent } from './run-context.ts';
import { RunControl } from './run-control.ts';
import { WorkQueue } from './work-queue.ts';

const instances = ['slow', 'a', 'b', 'c'].map(instanceOf);
const work = [...instances, ...instances].map(
  ({ instanceId }, index): WorkItem => ({ instanceId, attempt: index < 4 ? 1 : 2, stage: 'solve' }),
);

function pool(ensure: EnvironmentBuilder['ensure'], more: Partial<EnvironmentPoolOptions> = {}) {
  const events: NewEvent[] = [];
  const control = new RunControl();
  const emit = async (event: NewEvent) => {
    events.push(event);
  };
  const made = new EnvironmentPool({
    builder: { ensure, gold: async () => '' },
    instances: work.map((item) => instanceOf(item.instanceId)),
    jobs: 2,
    policy: { retries: 2, sleep: async () => {} },
    control,
    emit,
    show: (event) => events.push(event),
    ...more,
  });
  return { pool: made, control, events, queue: new WorkQueue(work, made, control) };
}

const names = async (queue: WorkQueue) => {
  const seen: string[] = [];
  for (let next = await queue.next(); next !== null; next = await queue.next())
    seen.push(`${next.item.instanceId}${next.item.attempt}${next.result.failure === undefined ? '' : ' failed'}`);
  return seen;
};

test('builds each environment once, some at a time; work that waits for a slow one is passed over', async () => {
  let building = 0;
  let peak = 0;
  const built: string[] = [];
  const { pool: environments, queue } = pool(async ({ instanceId }) => {
    peak = Math.max(peak, ++building);
    await sleep(instanceId === 'slow' ? 200 : 10);
    building--;
    built.push(instanceId);
    return environmentOf(instanceId);
  });
  environments.start();
  const order = await names(queue);
  await environments.finished();
  expect(built).toEqual(['a', 'b', 'c', 'slow']);
  expect(peak).toBe(2);
  expect([...order].sort()).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2', 'slow1', 'slow2']);
  expect(order.slice(-2)).toEqual(['slow1', 'slow2']);
});

test('a failure that may go away is tried again, another one is not', async () => {
  const tries = new Map<string, number>();
  const {
    pool: environments,
    queue,
    events,
  } = pool(async ({ instanceId }) => {
    const count = (tries.get(instanceId) ?? 0) + 1;
    tries.set(instanceId, count);
    if (instanceId === 'a' && count < 3) throw failure('registry down', true);
    if (instanceId === 'b') throw failure('still down', true);
    if (instanceId === 'c') throw failure('make: no', false);
    return environmentOf(instanceId);
  });
  environments.start();
  const order = await names(queue);
  expect(order.filter((one) => one.endsWith('failed')).sort()).toEqual([
    'b1 failed',
    'b2 failed',
    'c1 failed',
    'c2 failed',
  ]);
  expect(Object.fromEntries(tries)).toEqual({ slow: 1, a: 3, b: 3, c: 1 });
  expect(events.filter((one) => one.type === 'environment-end')).toHaveLength(8);
});

test('pausing cancels builds under way and hands out nothing more', async () => {
  const began = performance.now();
  const {
    pool: environments,
    queue,
    control,
    events,
  } = pool(async ({ instanceId }, signal) => {
    if (instanceId !== 'slow') return environmentOf(instanceId);
    await sleep(30_000, undefined, { signal });
    return environmentOf(instanceId);
  });
  environments.start();
  const order = names(queue);
  await sleep(50);
  control.pause();
  expect((await order).some((one) => one.startsWith('slow'))).toBe(false);
  await environments.finished();
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(events.at(-1)).toMatchObject({ type: 'environment-end', instanceId: 'slow', failure: { code: 'cancelled' } });
  expect(environments.result('slow')).toBeUndefined();
});

test('an event that cannot be kept ends the pool with that error', async () => {
  const { pool: environments, control } = pool(async ({ instanceId }) => environmentOf(instanceId), {
    emit: async () => {
      control.abort();
      throw new AssayError('disk-full', 'no room', { class: 'infra' });
    },
  });
  environments.start();
  await environments.changed();
  await expect(environments.finished()).rejects.toMatchObject({ code: 'disk-full' });
});

function failure(message: string, retryable: boolean): AssayError {
  return new AssayError('environment-build-failed', message, { class: 'infra', retryable });
}
