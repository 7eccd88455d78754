import { expect, test } from 'vitest';
import type { RunLine } from '../../../src/view/documents.ts';
import { arrangedRuns, type KnownRun, type RunState } from './arranged-runs.ts';

const names = (runId: string) => ({ runId, createdAt: '', model: 'm/one', agent: 'loop', dataset: 'starter' });
const known = (runId: string, status: KnownRun['status'], usd: number) =>
  ({ ...names(runId), status, usd }) as unknown as RunLine;
const runs: RunLine[] = [
  known('a', 'completed', 2),
  known('b', 'running', 9),
  known('c', 'interrupted', 5),
  known('d', 'failed', 1),
  { ...names('e'), unread: true },
  { ...names('f'), failure: 'damaged' },
];
const ids = (state: RunState, filter = '', descending = true) => {
  const { known, unread, damaged } = arrangedRuns(runs, state, filter, { key: 'usd', descending });
  return [known, unread, damaged].map((group) => group.map((run) => run.runId).join('')).join('/');
};

test('runs are sorted by a column, those that are not known stand apart', () => {
  expect(ids('all')).toBe('bcad/e/f');
  expect(ids('all', '', false)).toBe('dacb/e/f');
});

test('runs are filtered by state and by words, but damage is always told', () => {
  expect(ids('stopped')).toBe('cd//f');
  expect(ids('running')).toBe('b//f');
  expect(ids('all', 'ONE completed')).toBe('a//f');
  expect(ids('completed', 'nothing like it')).toBe('//f');
});
