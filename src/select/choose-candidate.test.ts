import { expect, test } from 'vitest';
import type { Candidate, TestReport } from './candidate.ts';
import { chooseCandidate } from './choose-candidate.ts';

function candidate(attempt: number, more: Partial<Candidate> = {}): Candidate {
  return { attempt, patch: `patch ${attempt}`, vote: `vote ${attempt}`, score: null, ...more };
}
const broken = (...ids: string[]): TestReport => ({ kind: 'report', broken: ids });
const missing = (why: string): TestReport => ({ kind: 'missing', why });
const tested = (regression: TestReport | null, reproduction: TestReport | null = null) => ({
  tests: { regression, reproduction },
});

test('votes decide; the reasons name the count and who was earlier', () => {
  const choice = chooseCandidate(
    [candidate(1), candidate(2, { vote: 'x' }), candidate(3, { vote: 'x' }), candidate(4, { vote: null })],
    'majority',
  );
  expect(choice.winner?.attempt).toBe(2);
  expect(choice.reasons).toEqual([
    '1 of 4 votes, the winner 2',
    'chosen: 2 of 4 votes',
    'equal to attempt 2, which was earlier',
    'no vote: the patch has no effect',
  ]);
});

test('a tie of votes goes to the earliest', () => {
  const { winner, reasons } = chooseCandidate([candidate(1), candidate(2)], 'majority');
  expect(winner?.attempt).toBe(1);
  expect(reasons).toEqual(['chosen: 1 of 2 votes', '1 of 2 votes, the winner 1, and attempt 1 was earlier']);
});

test('the highest score wins, the earliest of equals, and no score ranks last', () => {
  const scores = [null, 0.25, 0.75, 0.75];
  const { winner, reasons } = chooseCandidate(
    scores.map((score, i) => candidate(i + 1, { score })),
    'score',
  );
  expect(winner?.attempt).toBe(3);
  expect(reasons).toEqual([
    'no score',
    'score 0.250, attempt 3 has 0.750',
    'chosen: highest score, 0.750',
    'score 0.750, attempt 3 has the same and was earlier',
  ]);
});

test('empty patches are out, unless there is nothing else', () => {
  const empty = (attempt: number) => candidate(attempt, { patch: '\n', vote: null, score: 9 });
  expect(chooseCandidate([empty(1), candidate(2, { score: 0 })], 'score')).toMatchObject({
    winner: { attempt: 2 },
    reasons: ['the patch is empty', 'chosen: the only one left'],
  });
  expect(chooseCandidate([empty(1), empty(2)], 'majority').winner?.attempt).toBe(1);
  expect(chooseCandidate([], 'majority')).toEqual({ winner: null, reasons: [] });
});

test('the fewest broken tests, not zero; without a report last, not first', () => {
  const { winner, reasons } = chooseCandidate(
    [
      candidate(1, tested(missing('the patch does not apply'))),
      candidate(2, tested(broken('a', 'b', 'c', 'd'))),
      candidate(3, tested(broken('a'))),
      candidate(4),
    ],
    'majority',
  );
  expect(winner?.attempt).toBe(3);
  expect(reasons).toEqual([
    'no test report: the patch does not apply',
    'breaks 4 tests (a, b, c, ...) that passed before, the best 1',
    'chosen: the only one left',
    'no test report: it was not tested',
  ]);
});

test('when nobody has a report, tests say nothing', () => {
  const both = [candidate(1, tested(missing('time-out'))), candidate(2, tested(missing('time-out')))];
  expect(chooseCandidate(both, 'majority').reasons[0]).toBe('chosen: 1 of 2 votes');
});

test('the reproduction test counts among those that break least, and is dropped when nobody passes it', () => {
  const pass = tested(broken(), broken());
  const fail = tested(broken(), broken('reproduction'));
  expect(chooseCandidate([candidate(1, fail), candidate(2, pass)], 'majority')).toMatchObject({
    winner: { attempt: 2 },
    reasons: ['does not pass the reproduction test', 'chosen: the only one left'],
  });
  expect(chooseCandidate([candidate(1, tested(broken('a'), broken())), candidate(2, fail)], 'majority')).toMatchObject({
    winner: { attempt: 2 },
    reasons: ['breaks 1 test (a) that passed before, the best none', 'chosen: the only one left'],
  });
});
