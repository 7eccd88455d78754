import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writeSelectionRun } from '../../../test/support/selection-run.ts';
import { WORLD } from '../../../test/support/selection-world.ts';
import { AssayError, type PairJudge, type Trajectory } from '../../contracts/index.ts';
import { loadRunRecord } from '../../store/load-run-record.ts';
import { selectOne } from '../selection.ts';
import { type StoredInstance, storedInstances } from '../stored-attempts.ts';
import { playTournament } from './play-tournament.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-tournament-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const { dir } = writeSelectionRun(
  home,
  { ...WORLD, repositories: 3, instancesPerRepository: 1, attempts: 6 },
  { seed: 4, steps: 1 },
);
const instances = await storedInstances([await loadRunRecord(dir)]);
const now = { opponents: 8, seed: 1, signal: new AbortController().signal };

type Shown = [first: Trajectory, second: Trajectory];

function judgeOf(firstBetter: (...shown: Shown) => number): PairJudge & { asked: Shown[] } {
  const asked: Shown[] = [];
  return {
    name: 'double',
    asked,
    async compare(...[first, second]) {
      asked.push([first, second]);
      return { firstBetter: firstBetter(first, second), cost: { kind: 'measured', usd: 0.01 } };
    },
    close: async () => {},
  };
}

/** The patches of an instance, without empty ones; equal ones once. */
function choices({ attempts }: StoredInstance): number {
  return new Set(attempts.filter((one) => one.patch.trim() !== '').map((one) => one.vote)).size;
}
const pairsOf = (count: number) => (count * (count - 1)) / 2;
const allPairs = instances.reduce((sum, one) => sum + pairsOf(choices(one)), 0);

test('the one that the judge likes best wins, whatever its place; every pair is asked in both orders and paid for', async () => {
  // Likes late attempts, and the place of the first one more than a little.
  const judge = judgeOf((first, second) => 1 / (1 + Math.exp(second.attempt - first.attempt - 0.9)));
  const scores = await playTournament(judge, instances, now);
  expect(allPairs).toBeGreaterThan(5);
  expect(judge.asked).toHaveLength(2 * allPairs);
  expect(scores).toMatchObject({ critic: 'double', calibrated: false, unknownCosts: 0, failures: [] });
  expect(scores.usd).toBeCloseTo(0.02 * allPairs, 9);
  expect(scores.tournament).toMatchObject({ pairs: allPairs, unanswered: 0 });
  const orders = new Set(judge.asked.map(([a, b]) => `${a.instanceId} ${a.attempt} ${b.attempt}`));
  expect(orders.size).toBe(2 * allPairs);
  for (const [a, b] of judge.asked) expect(orders).toContain(`${a.instanceId} ${b.attempt} ${a.attempt}`);
  for (const instance of instances) {
    // Equal patches are shown as the earliest of them.
    const shown = instance.attempts.filter(
      (one) => one.patch.trim() !== '' && instance.attempts.find((other) => other.vote === one.vote) === one,
    );
    expect(selectOne(instance, { scores }).winner?.attempt).toBe(shown.at(-1)?.record.attempt);
  }
});

test('equal patches are one contestant with one score; an empty patch has none', async () => {
  const scores = await playTournament(
    judgeOf(() => 0.6),
    instances,
    now,
  );
  for (const { attempts } of instances) {
    for (const one of attempts) {
      if (one.patch.trim() === '') expect(scores.values.has(one)).toBe(false);
      const equal = attempts.filter((other) => other.patch.trim() !== '' && other.vote === one.vote);
      expect(new Set(equal.map((other) => scores.values.get(other))).size).toBeLessThan(2);
    }
  }
});

test('a judge that always prefers the place decides nothing: all are equal, and the earliest wins', async () => {
  const scores = await playTournament(
    judgeOf(() => 0.9),
    instances,
    now,
  );
  expect(new Set(scores.values.values())).toEqual(new Set([0.5]));
  expect(scores.tournament.contradictions).toBe(allPairs);
  for (const instance of instances) {
    const first = instance.attempts.find((one) => one.patch.trim() !== '');
    expect(selectOne(instance, { scores }).winner?.attempt).toBe(first?.record.attempt);
  }
});

test('without an answer a pair counts for nobody; who has no pair left has no score', async () => {
  const [one] = instances;
  if (one === undefined) throw new Error('no instance');
  const [silent] = one.attempts;
  const failure = new AssayError('model-timeout', 'too slow', { class: 'model' });
  const judge = judgeOf((first, second) => {
    if ([first.attempt, second.attempt].includes(silent?.record.attempt ?? 0)) throw failure;
    return 0.5;
  });
  const scores = await playTournament(judge, [one], now);
  const count = choices(one);
  expect(scores.tournament).toEqual({ pairs: pairsOf(count - 1), contradictions: 0, unanswered: count - 1 });
  const equal = one.attempts.filter((other) => other.vote === silent?.vote);
  expect(scores.failures.map(({ attempt }) => attempt)).toEqual(equal);
  expect(scores.failures[0]?.failure.code).toBe('model-timeout');
  expect(scores.values.size).toBeGreaterThan(0);
});

test('stopped is stopped', async () => {
  const stop = new AbortController();
  const judge = judgeOf(() => {
    stop.abort(new AssayError('cancelled', 'stopped', { class: 'cancelled' }));
    throw new Error('the connection is gone');
  });
  await expect(playTournament(judge, instances, { ...now, signal: stop.signal })).rejects.toMatchObject({
    code: 'cancelled',
  });
});
