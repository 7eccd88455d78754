import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bestOfKWeights, expectedBestOfK, meanOverSubsets } from './best-of-k.ts';
import { passAtK } from './intervals.ts';

test('the chances of the ranks are those of all subsets', () => {
  expect(bestOfKWeights(4, 1)).toEqual([0.25, 0.25, 0.25, 0.25]);
  expect(bestOfKWeights(4, 4)).toEqual([1, 0, 0, 0]);
  // Of the 6 pairs of 4, the best is in 3, the second in 2 more, the third in the last one.
  bestOfKWeights(4, 2).forEach((weight, rank) => {
    expect(weight).toBeCloseTo([3, 2, 1, 0].map((count) => count / 6)[rank] ?? -1, 12);
  });
  expect(bestOfKWeights(2, 3).every(Number.isNaN)).toBe(true);
});

test('the closed form equals enumeration for any outcomes', () => {
  const outcomes = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(outcomes, fc.integer({ min: 1, max: 9 }), (values, wanted) => {
      const k = Math.min(wanted, values.length);
      const enumerated = meanOverSubsets(values.length, k, (subset) => values[subset[0] ?? -1] ?? Number.NaN);
      expect(expectedBestOfK(values, k)).toBeCloseTo(enumerated, 12);
    }),
  );
});

test('ranking by the outcome itself is pass@k', () => {
  for (const [n, c] of [
    [8, 3],
    [10, 0],
    [10, 10],
    [40, 7],
  ] as const) {
    const outcomes = Array.from({ length: n }, (_, i) => (i < c ? 1 : 0));
    for (let k = 1; k <= n; k++) expect(expectedBestOfK(outcomes, k)).toBeCloseTo(passAtK(n, c, k), 12);
  }
});

test('large sets of subsets are drawn evenly, small ones visited once each', () => {
  const seen = new Set<string>();
  meanOverSubsets(7, 3, (subset) => seen.add(subset.join()).size);
  expect(seen.size).toBe(35);
  // Mean of the elements of a random subset of 0..39 is 19.5; standard error over 2,000 draws of 10 is 0.07.
  const mean = meanOverSubsets(40, 10, (subset) => {
    expect(new Set(subset).size).toBe(10);
    return subset.reduce((a, b) => a + b, 0) / 10;
  });
  expect(mean).toBeGreaterThan(19.2);
  expect(mean).toBeLessThan(19.8);
  expect(meanOverSubsets(3, 4, () => 1)).toBeNaN();
});
