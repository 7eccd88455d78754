import { expect, it } from 'vitest';
import { histogram } from './histogram.ts';

it('counts every value once, the largest in the last bin', () => {
  expect(histogram([0, 1, 2, 3, 4, 5, 6, 7, 8, 10], 5)).toEqual({
    bins: [2, 2, 2, 2, 2],
    smallest: 0,
    largest: 10,
    low: 0,
    median: 4,
    high: 8,
  });
});

it('puts values that are all the same into one bin', () => {
  expect(histogram([3, 3], 4)).toEqual({ bins: [2, 0, 0, 0], smallest: 3, largest: 3, low: 3, median: 3, high: 3 });
});

it('has nothing to say of no values', () => {
  expect(histogram([], 4)).toBeNull();
});
