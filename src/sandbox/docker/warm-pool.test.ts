import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { WarmPool, type WarmPoolOptions } from './warm-pool.ts';

interface Thing {
  name: string;
  end(): void;
  ended: Promise<void>;
}

function workshop(options: Partial<WarmPoolOptions<Thing>> = {}) {
  const discarded: string[] = [];
  let made = 0;
  const make = async (prefix: string): Promise<Thing> => {
    let end: () => void = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    return { name: `${prefix}${++made}`, end, ended };
  };
  const pool = new WarmPool<Thing>({
    discard: async ({ name }) => void discarded.push(name),
    ended: (thing) => thing.ended,
    ...options,
  });
  const take = async (kind: string) =>
    (
      await pool.take(
        kind,
        () => make('new'),
        () => make('warm'),
      )
    ).name;
  return { pool, take, discarded };
}

test('from the second time on one is ready for the next', async () => {
  const { pool, take, discarded } = workshop();
  expect([await take('a'), await take('a')]).toEqual(['new1', 'new2']);
  await sleep(1);
  expect(await take('a')).toBe('warm3');
  await sleep(1);
  expect(await take('b')).toBe('new5');
  await pool.close();
  expect(discarded).toEqual(['warm4']);
});

test('what waits too long, or ends by itself, is let go and never given out', async () => {
  const made: Thing[] = [];
  const { pool, take, discarded } = workshop({
    idleMs: 20,
    ended: (thing) => {
      made.push(thing);
      return thing.ended;
    },
  });
  await take('a');
  await take('a');
  await sleep(5);
  made[0]?.end();
  await sleep(1);
  expect(discarded).toEqual(['warm3']);
  expect(await take('a')).toBe('new4');
  await sleep(60);
  expect(discarded).toEqual(['warm3', 'warm5']);
  await pool.close();
});

test('what cannot be started ahead is told to nobody; no more wait than may', async () => {
  const failing = new WarmPool<Thing>({ discard: async () => {}, ended: () => new Promise(() => {}), most: 1 });
  const start = async () => ({ name: 'x', end: () => {}, ended: Promise.resolve() });
  const fail = () => Promise.reject(new Error('no engine'));
  for (let i = 0; i < 3; i++) expect((await failing.take('a', start, fail)).name).toBe('x');
  await failing.close();
});
