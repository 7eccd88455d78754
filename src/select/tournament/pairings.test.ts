import { expect, test } from 'vitest';
import { pairings } from './pairings.ts';

/** How many others each contestant meets. */
function met(contestants: number, opponents: number, seed = 1): number[] {
  const counts = Array.from({ length: contestants }, () => 0);
  for (const { a, b } of pairings(contestants, opponents, seed)) {
    expect(a).not.toBe(b);
    counts[a] = (counts[a] ?? 0) + 1;
    counts[b] = (counts[b] ?? 0) + 1;
  }
  return counts;
}

test('everybody meets equally many: all others where there are few, else at least as many as asked for', () => {
  expect(pairings(0, 8, 1)).toEqual([]);
  expect(pairings(1, 8, 1)).toEqual([]);
  expect(met(2, 8)).toEqual([1, 1]);
  expect(met(5, 8)).toEqual([4, 4, 4, 4, 4]);
  expect(met(6, 8)).toEqual([5, 5, 5, 5, 5, 5]);
  expect(met(20, 8)).toEqual(Array.from({ length: 20 }, () => 8));
  expect(met(20, 3)).toEqual(Array.from({ length: 20 }, () => 4));
});

test('no pair meets twice', () => {
  const names = pairings(9, 8, 3).map(({ a, b }) => [a, b].sort().join(' '));
  expect(new Set(names).size).toBe(36);
  expect(names).toHaveLength(36);
});

test('the same seed gives the same order, another seed another one', () => {
  expect(pairings(10, 4, 7)).toEqual(pairings(10, 4, 7));
  expect(pairings(10, 4, 8)).not.toEqual(pairings(10, 4, 7));
});
