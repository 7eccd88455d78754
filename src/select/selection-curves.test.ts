import { expect, test } from 'vitest';
import { passAtK } from '../stats/intervals.ts';
import type { CurveAttempt, CurveInstance } from './curve-attempt.ts';
import { selectionCurves } from './selection-curves.ts';
import {
  criticSelector,
  majoritySelector,
  oracleSelector,
  passSelector,
  randomSelector,
  wholeSelector,
} from './selector.ts';

const SELECTORS = [passSelector, oracleSelector, randomSelector, criticSelector('critic'), majoritySelector];

function attempt(at: number, resolved: boolean, more: Partial<CurveAttempt> = {}): CurveAttempt {
  return {
    attempt: at,
    patch: `patch ${at}`,
    score: null,
    resolved,
    usd: 1,
    vote: resolved ? 'right' : `wrong ${at}`,
    scores: { critic: 0 },
    steps: 10 - at,
    ...more,
  };
}

/** `resolved` of `total` attempts, the last ones. */
function instance(instanceId: string, repo: string, resolved: number, total: number): CurveInstance {
  const attempts = Array.from({ length: total }, (_, i) => attempt(i + 1, i >= total - resolved));
  return { instanceId, repo, attempts };
}

const rates = (instances: readonly CurveInstance[], maxK?: number) => {
  const { curves } = selectionCurves(instances, SELECTORS, { maxK });
  return Object.fromEntries(curves.map((one) => [one.selector, one.points.map(({ rate }) => rate.value)]));
};

test('pass@k is the mean of the closed form over instances, and the oracle reaches it', () => {
  const counts = [0, 1, 2, 5, 3];
  const { pass = [], oracle = [] } = rates(counts.map((count, i) => instance(`i${i}`, `r${i}`, count, 5)));
  for (let k = 1; k <= 5; k++) {
    const closed = counts.reduce((sum, count) => sum + passAtK(5, count, k), 0) / counts.length;
    expect(pass[k - 1]).toBeCloseTo(closed, 12);
    expect(oracle[k - 1]).toBeCloseTo(closed, 12);
  }
});

test('a critic with ties takes the earliest, one without a score ranks last', () => {
  const blind: CurveInstance = {
    instanceId: 'i',
    repo: 'r',
    attempts: [
      attempt(1, true, { scores: {} }),
      attempt(2, false, { scores: { critic: -5 } }),
      attempt(3, true, { scores: { critic: -5 } }),
    ],
  };
  const { critic = [], random = [] } = rates([blind]);
  expect(random).toEqual([2 / 3, 2 / 3, 2 / 3]);
  // Pairs: {1,2} -> 2 (wrong), {1,3} -> 3 (right), {2,3} -> 2 (wrong); all three -> 2 (wrong).
  expect(critic.map((value) => Math.round(value * 1e9) / 1e9)).toEqual([0.666666667, 0.333333333, 0]);
});

test('right answers agree more often than wrong ones: the majority finds them', () => {
  const { majority = [] } = rates([instance('i', 'r', 2, 4)]);
  expect(majority[0]).toBeCloseTo(0.5, 12);
  expect(majority[3]).toBe(1);
});

test('all points are of the same instances; the rest is named', () => {
  const ten = Array.from({ length: 19 }, (_, i) => instance(`i${i}`, `r${i}`, 1, 4));
  const result = selectionCurves([...ten, instance('short', 'r', 2, 2), instance('none', 'r', 0, 0)], SELECTORS);
  expect(result.maxK).toBe(4);
  expect(result.leftOut).toEqual(['short', 'none']);
  expect(result.instances).toBe(19);
  expect(result.clusteredBy).toBe('repository');
});

test('tests and votes together choose as the whole selection does', () => {
  const broken = (...ids: string[]) => ({ regression: { kind: 'report', broken: ids }, reproduction: null }) as const;
  const attempts = [
    attempt(1, false, { tests: broken('a') }),
    attempt(2, false, { tests: broken('a') }),
    attempt(3, true, { tests: broken() }),
  ];
  const { curves } = selectionCurves(
    [{ instanceId: 'i', repo: 'r', attempts }],
    [wholeSelector('tests + majority', 'majority')],
  );
  // Among pairs the right one wins twice of three times, among all three always.
  const values = curves[0]?.points.map(({ rate }) => rate.value) ?? [];
  [1 / 3, 2 / 3, 1].forEach((value, at) => {
    expect(values[at]).toBeCloseTo(value, 12);
  });
});

test('few repositories: instances are the clusters, and it says so', () => {
  const result = selectionCurves([instance('a', 'r', 1, 2), instance('b', 'r', 0, 2)], SELECTORS);
  expect([result.clusteredBy, result.clusters]).toEqual(['instance', 2]);
});

test('dollars grow with k; one unknown cost makes them unknown', () => {
  const known = instance('a', 'r', 1, 3);
  expect(selectionCurves([known, instance('b', 'r', 1, 3)], SELECTORS).usd?.map(({ usd }) => usd.value)).toEqual([
    1, 2, 3,
  ]);
  const unknown: CurveInstance = { ...known, attempts: [attempt(1, true, { usd: null }), ...known.attempts.slice(1)] };
  expect(selectionCurves([unknown], SELECTORS).usd).toBeNull();
});

test('the share of the headroom is 0 for random, 1 for the oracle, null where there is none', () => {
  const of = (instances: CurveInstance[], selector: string) =>
    selectionCurves(instances, SELECTORS).curves.find((one) => one.selector === selector)?.recovered;
  const mixed = [instance('a', 'r', 1, 3), instance('b', 'r', 2, 3), instance('c', 'r', 0, 3)];
  expect(of(mixed, 'random')?.value).toBeCloseTo(0, 12);
  expect(of(mixed, 'oracle')?.value).toBeCloseTo(1, 12);
  expect(of([instance('a', 'r', 0, 3), instance('b', 'r', 3, 3)], 'oracle')).toBeNull();
});

test('a curve that is a line in log2 k is found again', () => {
  // pass@1 = 0.25, pass@2 = 0.5.
  const { curves } = selectionCurves([instance('a', 'r', 1, 2), instance('b', 'r', 0, 2)], SELECTORS);
  const fit = curves.find((one) => one.selector === 'pass')?.fit;
  expect(fit?.intercept.value).toBeCloseTo(0.25, 12);
  expect(fit?.perDoubling.value).toBeCloseTo(0.25, 12);
  expect(fit?.r2).toBeNull();
});

test('no attempts, no curves', () => {
  expect(selectionCurves([], SELECTORS)).toMatchObject({ maxK: 0, instances: 0, curves: [], usd: null });
});
