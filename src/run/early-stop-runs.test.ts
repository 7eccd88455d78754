/** Attempts that are left out because a critic is sure of an earlier one. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRunBench, type RunBench, statesOf } from '../../test/support/run-bench.ts';
import { AssayError, type Critic } from '../contracts/index.ts';
import { shortestCritic } from '../select/baseline-critics.ts';
import { RunControl } from './run-control.ts';

let bench: RunBench;
beforeEach(async () => {
  bench = await openRunBench();
});
afterEach(() => bench.close());

test('no further attempts are begun at an instance of which the critic is sure, also after a resume', async () => {
  const critic: Critic = {
    ...shortestCritic,
    name: 'sure of a',
    async score({ instanceId, messages, patch }) {
      expect(messages.length).toBeGreaterThan(3);
      expect(patch).toContain(instanceId);
      if (instanceId === 'c') throw new AssayError('model-timeout', 'too slow', { class: 'model' });
      return { perTurn: [], final: instanceId === 'a' ? 0.9 : 0.2, cost: { kind: 'measured', usd: 0.01 } };
    },
  };
  const run = await bench.newRun({ attempts: 3 }, ['a', 'b', 'c']);
  const record = await bench.go(run, { critic }, { untilScore: 0.8, jobs: 1 });
  expect(record.status).toBe('completed');
  expect(statesOf(record).sort()).toEqual(
    [
      'a1 finished',
      'a2 skipped',
      'a3 skipped',
      ...['b', 'c'].flatMap((id) => [1, 2, 3].map((n) => `${id}${n} finished`)),
    ].sort(),
  );
  expect(bench.events.filter((one) => one.type === 'attempt-skip')).toMatchObject([
    { instanceId: 'a', attempt: 2, reason: 'sure of a gives an earlier attempt at least 0.8' },
    { instanceId: 'a', attempt: 3 },
  ]);
  expect(bench.events.filter((one) => one.type === 'score-end').map((one) => one.score)).toEqual([0.9, 0.2, 0.2, 0.2]);
  const paid = bench.model.paid.size;
  expect(statesOf(await bench.again({ critic }))).toEqual(statesOf(record));
  expect(bench.model.paid.size).toBe(paid);
});

test('a pause does not wait for a critic; the resume asks about what is finished before it makes more', async () => {
  const control = new RunControl();
  const slow: Critic = {
    ...shortestCritic,
    name: 'judge',
    score: (_trajectory, { signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new AssayError('cancelled', 'stopped', { class: 'cancelled' })));
        control.pause();
      }),
  };
  const run = await bench.newRun({ attempts: 3 }, ['a']);
  const first = await bench.go(run, { critic: slow }, { untilScore: 0.8, jobs: 1, control });
  expect(first.status).toBe('interrupted');
  expect(statesOf(first)).toEqual(['a1 finished', 'a2 pending', 'a3 pending']);
  expect(bench.events.some((one) => one.type === 'note' || one.type === 'score-end')).toBe(false);
  let asked = 0;
  const sure: Critic = {
    ...slow,
    async score() {
      asked++;
      return { perTurn: [], final: 0.9, cost: { kind: 'unknown' } };
    },
  };
  const record = await bench.again({ critic: sure }, { untilScore: 0.8 });
  expect(statesOf(record)).toEqual(['a1 finished', 'a2 skipped', 'a3 skipped']);
  expect(record.status).toBe('completed');
  expect(record.attempts[0]?.score).toEqual({ critic: 'judge', value: 0.9, cost: { kind: 'unknown' } });
  expect(asked).toBe(1);
});

test('workers that leave attempts out at the same time leave none of them uncounted', async () => {
  let asked = 0;
  let release = () => {};
  const both = new Promise<void>((resolve) => {
    release = resolve;
  });
  const critic: Critic = {
    ...shortestCritic,
    async score() {
      if (++asked === 2) release();
      await both;
      return { perTurn: [], final: 1, cost: { kind: 'measured', usd: 0 } };
    },
  };
  const record = await bench.go(
    await bench.newRun({ attempts: 2 }, ['a', 'b']),
    { critic },
    { untilScore: 0.8, jobs: 2 },
  );
  expect(statesOf(record)).toEqual(['a1 finished', 'b1 finished', 'a2 skipped', 'b2 skipped']);
  expect(record.status).toBe('completed');
});
