import { expect, test } from 'vitest';
import { detectableDifference, mcnemarExact, newcombe, passAtK, wilson } from './intervals.ts';
import { paretoFront } from './pareto-front.ts';

test('Wilson interval agrees with published values', () => {
  // Newcombe (1998), Statistics in Medicine 17, table I, method 3.
  for (const [r, n, low, high] of [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ] as const) {
    expect(wilson(r, n).low).toBeCloseTo(low, 4);
    expect(wilson(r, n).high).toBeCloseTo(high, 4);
  }
  expect(wilson(0, 0)).toEqual({ value: 0, low: 0, high: 1 });
});

test('the difference of two rates agrees with published values', () => {
  // Newcombe (1998), Statistics in Medicine 17, table II, method 10.
  for (const [a, m, b, n, low, high] of [
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [5, 56, 0, 29, -0.0381, 0.1926],
  ] as const) {
    const difference = newcombe({ successes: a, total: m }, { successes: b, total: n });
    expect(difference.value).toBeCloseTo(a / m - b / n, 12);
    expect(difference.low).toBeCloseTo(low, 4);
    expect(difference.high).toBeCloseTo(high, 4);
  }
});

test('exact McNemar is the two-sided binomial test', () => {
  expect(mcnemarExact(0, 0)).toBe(1);
  expect(mcnemarExact(5, 5)).toBe(1);
  expect(mcnemarExact(0, 6)).toBeCloseTo(2 / 64, 12);
  expect(mcnemarExact(1, 9)).toBeCloseTo(22 / 1024, 12);
});

test('pass@k is unbiased over all subsets', () => {
  expect(passAtK(5, 2, 1)).toBeCloseTo(0.4, 12);
  expect(passAtK(5, 2, 2)).toBeCloseTo(0.7, 12);
  expect(passAtK(5, 2, 4)).toBe(1);
  expect(passAtK(3, 0, 3)).toBeCloseTo(0, 12);
  expect(passAtK(3, 1, 4)).toBeNaN();
});

test('more pairs detect smaller differences', () => {
  expect(detectableDifference(500, 0.2)).toBeCloseTo(0.056, 3);
  expect(detectableDifference(0, 0.2)).toBe(1);
});

test('the Pareto front holds what nothing beats', () => {
  expect(
    paretoFront([
      { cost: 1, value: 0.5 },
      { cost: 2, value: 0.4 },
      { cost: 3, value: 0.9 },
      { cost: 0.5, value: 0.1 },
    ]),
  ).toEqual([3, 0, 2]);
});
