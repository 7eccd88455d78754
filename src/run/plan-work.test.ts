import { expect, test } from 'vitest';
import { manifestOf } from '../../test/support/run-fixtures.ts';
import type { AttemptRecord, RunRecord } from '../contracts/index.ts';
import { knownDurations, planWork } from './plan-work.ts';

const attempt = (instanceId: string, state: AttemptRecord['state'], number = 1): AttemptRecord => ({
  instanceId,
  attempt: number,
  repo: 'r',
  state,
  environmentDigest: null,
  outcome: null,
  totals: null,
  patchDigest: null,
  patchBytes: 0,
  report: null,
});
const record = (attempts: AttemptRecord[]): RunRecord => ({
  manifest: manifestOf('r', []),
  status: 'interrupted',
  dir: '/',
  attempts,
});
const plan = (...args: Parameters<typeof planWork>) =>
  planWork(...args).map((item) => `${item.instanceId}${item.attempt} ${item.stage}`);

test('grading first, then what is partly done, then attempt by attempt in the order of the dataset', () => {
  const attempts = [
    attempt('a', 'pending'),
    attempt('b', 'running'),
    attempt('c', 'finished'),
    attempt('d', 'failed'),
    attempt('a', 'pending', 2),
    attempt('b', 'solved-ungraded', 2),
  ];
  expect(plan(record(attempts))).toEqual(['b2 grade', 'b1 solve', 'a1 solve', 'd1 solve', 'a2 solve']);
  expect(plan(record(attempts), { retryFailed: false })).not.toContain('d1 solve');
});

test('long ones first when durations are known, unknown ones in the middle', () => {
  const attempts = ['short', 'unknown', 'long'].flatMap((id) => [attempt(id, 'pending'), attempt(id, 'pending', 2)]);
  const durations = new Map([
    ['short', 10],
    ['long', 1000],
  ]);
  expect(plan(record(attempts), { durations })).toEqual([
    'long1 solve',
    'unknown1 solve',
    'short1 solve',
    'long2 solve',
    'unknown2 solve',
    'short2 solve',
  ]);
});

test('durations are means over finished attempts', () => {
  const totals = {
    steps: 1,
    usage: { inputUncached: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, reasoning: null },
    usd: 0,
    unknownCosts: 0,
    workingMs: 0,
  };
  const done = (wallMs: number, state: AttemptRecord['state'] = 'finished') => ({
    ...attempt('a', state),
    totals: { ...totals, wallMs },
  });
  expect(knownDurations([record([done(100), done(900, 'failed')]), record([done(300)])])).toEqual(
    new Map([['a', 200]]),
  );
});
