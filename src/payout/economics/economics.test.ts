/** The worked examples of docs/payouts.md. */
import { expect, test } from 'vitest';
import { concentration } from './concentration.ts';
import { costsOf } from './costs.ts';
import { breakEvenPrice, breakEvenProbability, untilAccepted } from './detector.ts';
import { earnedDifference } from './earned-difference.ts';
import { earnedInterval } from './earned-interval.ts';
import { earningsByCut } from './earnings.ts';
import { lastPayingK, payoutCurve } from './payout-curve.ts';
import type { TaskOutcome } from './priced-outcome.ts';

const task = (
  id: string,
  kind: TaskOutcome['kind'],
  price: number,
  costUsd: number | null,
  passes: readonly (boolean | null)[],
): TaskOutcome => ({
  ...{ id, kind, price, group: id, categories: kind === 'ic' ? ['bug'] : [] },
  attempts: passes.map((passed) => ({ passed, passedAtOnce: passed, costUsd })),
});
const TASKS = [
  task('A', 'ic', 100, 1, [true, false]),
  task('B', 'ic', 400, 2, [false, false]),
  task('C', 'manager', 500, 1, [true, true]),
];
const exact = { reviewUsd: 5, falseAccept: 0, falseReject: 0 };
const erring = { reviewUsd: 5, falseAccept: 0.1, falseReject: 0.2 };

test('earned of possible, by cut', () => {
  const { all, byKind, byCategory, byBand } = earningsByCut(TASKS);
  expect(all).toMatchObject({ tasks: 3, earned: 550, possible: 1000, share: 0.55, infraFailures: 0 });
  expect(byKind).toMatchObject({ ic: { earned: 50, possible: 500 }, manager: { earned: 500, possible: 500 } });
  expect(byCategory).toMatchObject({ bug: { earned: 50, possible: 500 } });
  expect(Object.keys(byBand)).toEqual(['below $250', '$250 to $499', '$500 to $999']);
});

test('infrastructure failures are shown both ways, repeated test runs too', () => {
  const retried = { passed: true, passedAtOnce: false, costUsd: 1 };
  const tasks = [
    task('A', 'ic', 100, 1, [true, null]),
    { ...task('D', 'ic', 300, 1, []), attempts: [retried] },
    task('E', 'ic', 600, 1, [null]),
  ];
  const { all } = earningsByCut(tasks);
  expect(all).toMatchObject({ earned: 400, possible: 400, earnedAtOnce: 100, infraFailures: 2 });
  expect(all.strict).toEqual({ earned: 350, possible: 1000, share: 0.35 });
});

test('payout@k, spending, return, freelancer on failure', () => {
  const [one, two] = payoutCurve(TASKS, exact);
  expect(one).toMatchObject({ k: 1, tasks: 3, possible: 1000, payout: 550, spent: 19 });
  expect(one?.roi).toBeCloseTo(531 / 19, 12);
  expect(one?.agentFirst).toMatchObject({ spend: 469, undelivered: 0 });
  expect(one?.agentFirst?.saving).toBeCloseTo(0.531, 12);
  expect(two).toMatchObject({ k: 2, payout: 600, spent: 29 });
  expect(two?.agentFirst?.saving).toBeCloseTo(0.571, 12);
});

test('the k from which further attempts do not pay', () => {
  const at = (reviewUsd: number) => lastPayingK(payoutCurve(TASKS, { ...exact, reviewUsd }));
  expect([at(5), at(30), at(40), at(1000)]).toEqual([2, 2, 1, 0]);
});

test('an attempt that the infrastructure lost does not make its task look like a loss', () => {
  const small = Array.from({ length: 9 }, (_, i) => task(`s${i}`, 'ic', 500, 1, [false, false, true]));
  const curve = (last: boolean | null) => payoutCurve([...small, task('L', 'ic', 8000, 1, [true, true, last])], exact);
  const [, two, three] = curve(null);
  expect(two?.payout).toBeCloseTo(11_000, 9);
  expect(three).toMatchObject({ tasks: 9, possible: 4500 });
  expect(three?.payout).toBeCloseTo(4500, 9);
  // Of the nine tasks: a third of $4,500 more, for one more attempt on those that were not accepted.
  expect(three?.added.accepted).toBeCloseTo(1500, 9);
  expect(three?.added.spent).toBeCloseTo((9 * 6) / 3, 9);
  expect([lastPayingK(curve(null)), lastPayingK(curve(true))]).toEqual([3, 3]);
});

test('a detector that errs', () => {
  const sequence = untilAccepted(2, 1, 2, erring);
  expect(sequence.tries).toBeCloseTo(1.55, 12);
  expect(sequence.trueAccept).toBeCloseTo(0.76, 12);
  expect(sequence.falseAccept).toBeCloseTo(0.06, 12);
  const [one, two] = payoutCurve([task('A', 'ic', 100, 1, [true, false])], erring);
  // 6 for the attempt; 60 as no right answer was accepted in 60 %; 5 for the wrong one that was.
  expect(one?.agentFirst?.spend).toBeCloseTo(71, 12);
  expect(one?.agentFirst?.undelivered).toBeCloseTo(5, 12);
  // payout@k is what is right; accepted are 40 of it less 5 of wrong answers, then 76 less 6.
  expect([one?.payout, two?.payout]).toEqual([50, 100]);
  expect(one?.accepted).toBeCloseTo(35, 12);
  expect(one?.roi).toBeCloseTo(29 / 6, 12);
  expect(two?.accepted).toBeCloseTo(70, 12);
  expect(two?.spent).toBeCloseTo(9.3, 12);
  expect(two?.roi).toBeCloseTo(60.7 / 9.3, 12);
  expect(two?.agentFirst?.spend).toBeCloseTo(39.3, 12);
  expect(two?.added.accepted).toBeCloseTo(35, 12);
  expect(two?.added.spent).toBeCloseTo(3.3, 12);
  expect(() => untilAccepted(2, 1, 3, exact)).toThrow(RangeError);
});

test('without errors the sequence is the unbiased pass@k', () => {
  // 1 - C(6, 3) / C(10, 3) = 1 - 20 / 120
  expect(untilAccepted(10, 4, 3, exact).trueAccept).toBeCloseTo(1 - 20 / 120, 12);
});

test('break-even', () => {
  expect(breakEvenProbability(100, 1, exact)).toBeCloseTo(0.06, 12);
  expect(breakEvenProbability(100, 1, erring)).toBeCloseTo(0.16 / 0.9, 12);
  expect(breakEvenPrice(0.5, 1, exact)).toBeCloseTo(12, 12);
  expect(breakEvenPrice(0.5, 1, erring)).toBeCloseTo(6 / 0.35, 12);
  expect(breakEvenPrice(0.1, 1, erring)).toBe(Number.POSITIVE_INFINITY);
});

test('costs; an unknown one is never zero', () => {
  const costs = costsOf(TASKS);
  expect(costs).toMatchObject({ attempts: 6, usd: 8, unknown: 0 });
  expect(costs.perAttempt).toBeCloseTo(8 / 6, 12);
  expect(costs.perPassed).toBeCloseTo(8 / 3, 12);
  expect(costs.perEarnedDollar).toBeCloseTo(8 / 1100, 12);
  const unknown = [...TASKS, task('D', 'ic', 100, null, [true])];
  expect(costsOf(unknown)).toMatchObject({ usd: 8, unknown: 1, perAttempt: null, perEarnedDollar: null });
  expect(payoutCurve(unknown)[0]).toMatchObject({ payout: 650, spent: null, agentFirst: null });
});

test('concentration', () => {
  expect(concentration([100, 400, 500])).toMatchObject({
    top: [{ share: 0.5 }, { share: 1 }, { share: 1 }],
    warning: null,
  });
  const uneven = concentration([8000, ...Array<number>(10).fill(50)]);
  expect(uneven.effectiveTasks).toBeCloseTo(8500 ** 2 / (8000 ** 2 + 10 * 50 ** 2), 12);
  expect(uneven.warning).toMatch(/^5 of 11 tasks hold 96.5 % of the money/);
});

test('the interval holds the truth about as often as it says, groups stay together', () => {
  const tasks = Array.from({ length: 40 }, (_, i) => task(`t${i}`, 'ic', 100 * (1 + (i % 4)), 1, [i % 3 === 0]));
  const { value, low, high } = earnedInterval(tasks);
  // Standard error of the share by the delta method: 7.8 points.
  expect(low).toBeGreaterThan(value - 0.2);
  expect(low).toBeLessThan(value - 0.1);
  expect(high).toBeGreaterThan(value + 0.1);
  expect(earnedInterval(tasks)).toEqual({ value, low, high });
  const paired = tasks.map((one, i) => ({ ...one, group: String(Math.floor(i / 6)) }));
  expect(earnedInterval(paired).value).toBe(value);
  expect(earnedInterval(TASKS.slice(0, 1))).toEqual({ value: 0.5, low: 0, high: 1 });
  expect(earnedInterval(TASKS.slice(2).concat(task('D', 'ic', 500, 1, [true])))).toMatchObject({ value: 1, high: 1 });
  expect(earnedInterval([task('D', 'ic', 500, 1, [true]), task('E', 'ic', 1500, 1, [false])], { cap: 500 }).value).toBe(
    0.5,
  );
});

test('two runs are compared task by task', () => {
  const other = [
    task('A', 'ic', 100, 1, [false, false]),
    task('B', 'ic', 400, 2, [null]),
    task('C', 'manager', 500, 1, [true, false]),
  ];
  const difference = earnedDifference(TASKS, other);
  // A: 50 more, C: 250 more, of $600; B has no verdict in the second run.
  expect(difference).toMatchObject({ tasks: 2, possible: 600, share: { value: 0.5 } });
  const many = (pass: (i: number) => boolean) =>
    Array.from({ length: 60 }, (_, i) => task(`t${i}`, 'ic', 100, 1, [pass(i)]));
  const { share } = earnedDifference(
    many((i) => i % 2 === 0),
    many((i) => i % 3 === 0),
  );
  expect(share.value).toBeCloseTo(10 / 60, 12);
  // Pairs differ in 20 + 10 of 60: standard error sqrt((1/2 - 1/36) / 60) = 8.9 points.
  expect(share.low).toBeGreaterThan(share.value - 0.21);
  expect(share.low).toBeLessThan(share.value - 0.14);
  expect(earnedDifference(TASKS.slice(0, 1), other).share).toEqual({ value: 0.5, low: -1, high: 1 });
});

test('a difference of few tasks is never certain', () => {
  const all = (count: number, passes: readonly boolean[]) =>
    Array.from({ length: count }, (_, i) => task(`t${i}`, 'ic', 100, 1, passes));
  // Wilson's lower limit for 2 of 2 is 34.2 %: of the other 65.8 % nothing is known.
  const certain = earnedDifference(all(2, [true]), all(2, [false])).share;
  expect(certain.low).toBeCloseTo(-0.315, 3);
  expect(certain).toMatchObject({ value: 1, high: 1 });
  const equal = earnedDifference(all(2, [true]), all(2, [true])).share;
  expect([equal.low, equal.value, equal.high].map((one) => one.toFixed(3))).toEqual(['-0.658', '0.000', '0.658']);
  // Attempts are drawn again, too.
  const half = earnedDifference(all(3, [true, false]), all(3, [false, false])).share;
  expect(half.value).toBe(0.5);
  expect(half.low).toBeLessThan(0.2);
  expect(half.high).toBeGreaterThan(0.8);
});
