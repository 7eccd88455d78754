import { expect, test } from 'vitest';
import { creationDates } from '../data/creation-dates.ts';
import type { GradedAttempt } from '../data/load-attempts.ts';
import { guardTime } from './time-guard.ts';

function attemptAt(instanceId: string): GradedAttempt {
  const about = { runId: 'r', instanceId, attempt: 1, repo: 'o/r', system: '', messages: [], patch: '' };
  return {
    trajectory: { ...about, outcome: null, totals: null },
    resolved: true,
    agent: 'a/m',
    patchKnown: true,
    leaks: false,
  };
}

const ROWS = [
  { instance_id: 'old', created_at: '2020-01-31T23:59:59Z' },
  { instance_id: 'limit', created_at: '2020-02-01T00:00:00Z' },
  { instance_id: 'late', created_at: '2023-05-05T10:00:00Z', patch: 'more columns do not matter' },
  { instance_id: 'odd', created_at: 'some day' },
  { instance_id: 'empty' },
  'no row',
];

test('kept is what was made before the day; what is later and what has no date is left out and counted', () => {
  const attempts = ['old', 'limit', 'late', 'odd', 'empty', 'unheard', 'old'].map(attemptAt);
  const guarded = guardTime(attempts, { before: Date.parse('2020-02-01'), dates: creationDates(ROWS) });
  expect(guarded.kept.map(({ trajectory }) => trajectory.instanceId)).toEqual(['old', 'old']);
  expect(guarded).toMatchObject({ later: 2, undated: 3 });
});

test('of two dates of one instance the later counts', () => {
  const twice = [...ROWS, { instance_id: 'old', created_at: '2024-01-01' }, ...ROWS];
  expect(creationDates(twice).get('old')).toBe(Date.parse('2024-01-01'));
});
