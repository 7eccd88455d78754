import { expect, test } from 'vitest';
import { bradleyTerry } from './bradley-terry.ts';
import { seededRandom } from './seeded-random.ts';

test('nobody played: all are average; no contestants, no strengths', () => {
  expect(bradleyTerry(3, [])).toEqual([0.5, 0.5, 0.5]);
  expect(bradleyTerry(0, [])).toEqual([]);
});

test('two contestants, one comparison: the closed form', () => {
  // By symmetry the strengths are s and 1/s, and 1.5 = s / (s + 1/s) + s / (s + 1) at the optimum.
  const [a = 0, b = 0] = bradleyTerry(2, [{ a: 0, b: 1, won: 1 }]);
  const s = a / (1 - a);
  expect(s / (s + 1 / s) + s / (s + 1)).toBeCloseTo(1.5, 7);
  expect(a + b).toBeCloseTo(1, 8);
});

test('a circle of wins is a tie, to the last digit', () => {
  const circle = [0, 1, 2].map((a) => ({ a, b: (a + 1) % 3, won: 1 }));
  const strengths = bradleyTerry(3, circle);
  expect(new Set(strengths).size).toBe(1);
});

test('who beats a strong one is stronger than who beats a weak one', () => {
  const pairs: [number, number][] = [
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 4],
    [5, 4],
    [0, 6],
    [6, 5],
  ];
  const [first = 0, second = 0, , , last = 1] = bradleyTerry(
    7,
    pairs.map(([a, b]) => ({ a, b, won: 1 })),
  );
  expect(first).toBeGreaterThan(second);
  expect(second).toBeGreaterThan(last);
});

test('known strengths come back from many comparisons', () => {
  const truth = [0.2, 0.4, 0.6, 0.8].map((chance) => chance / (1 - chance));
  const random = seededRandom(5);
  const results = Array.from({ length: 12_000 }, () => {
    const a = random.below(4);
    const b = (a + 1 + random.below(3)) % 4;
    const chance = (truth[a] ?? 1) / ((truth[a] ?? 1) + (truth[b] ?? 1));
    return { a, b, won: Number(random.uniform() < chance) };
  });
  bradleyTerry(4, results).forEach((chance, i) => {
    expect(chance).toBeCloseTo([0.2, 0.4, 0.6, 0.8][i] ?? 0, 1);
  });
});
