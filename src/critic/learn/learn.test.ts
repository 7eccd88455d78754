import { expect, test } from 'vitest';
import { seededRandom } from '../../stats/seeded-random.ts';
import { fitTrees, treesScore } from './boosted-trees.ts';
import { calibrated, fitIsotonic, fitPlatt } from './calibration.ts';
import { fitLogistic, logisticScore, sigmoid } from './logistic-regression.ts';
import { auc, brier, expectedCalibrationError } from './metrics.ts';

/** Outcomes drawn from a known chance per row. */
function draw(rows: number, chance: (x: number[]) => number, seed = 1) {
  const random = seededRandom(seed);
  const x = Array.from({ length: rows }, () => [random.normal(), random.normal(), random.normal()]);
  return { x, y: x.map((row) => Number(random.uniform() < chance(row))), weight: x.map(() => 1) };
}

const TREES = { trees: 80, depth: 3, learningRate: 0.1, l2: 1, minHessian: 1, rowShare: 0.8, columnShare: 1, seed: 1 };

test('logistic regression finds the weights that made the data', () => {
  const model = fitLogistic(
    draw(20_000, ([a = 0, b = 0]) => sigmoid(0.5 + 1.5 * a - b)),
    { l2: 0.01 },
  );
  const [a = 0, b = 0, c = 0] = model.weights.map((weight, i) => weight / (model.scales[i] ?? 1));
  expect(a).toBeCloseTo(1.5, 1);
  expect(b).toBeCloseTo(-1, 1);
  expect(c).toBeCloseTo(0, 1);
});

test('a missing value counts as the mean, a constant column as nothing, soft targets as chances', () => {
  const x = [
    [1, 7],
    [2, 7],
    [3, 7],
    [Number.NaN, 7],
  ];
  const model = fitLogistic({ x, y: [0.1, 0.5, 0.9, 0.5], weight: [1, 1, 1, 1] }, { l2: 0.001 });
  expect(sigmoid(logisticScore(model, [Number.NaN, 7]))).toBeCloseTo(0.5, 3);
  expect(sigmoid(logisticScore(model, [3, 7]))).toBeCloseTo(0.9, 2);
  expect(logisticScore(model, [2, Number.NaN])).toBeCloseTo(logisticScore(model, [2, 7]), 9);
});

test('boosted trees learn what no line can: exclusive or, and a gap in the data', () => {
  const xor = draw(2_000, ([a = 0, b = 0]) => (a > 0 !== b > 0 ? 0.95 : 0.05));
  const model = fitTrees(xor, TREES);
  const fresh = draw(1_000, ([a = 0, b = 0]) => (a > 0 !== b > 0 ? 1 : 0), 2);
  expect(
    auc(
      fresh.x.map((row) => treesScore(model, row)),
      fresh.y.map((one) => one === 1),
    ),
  ).toBeGreaterThan(0.98);
  const gaps = {
    x: Array.from({ length: 400 }, (_, i) => [i % 2 === 0 ? Number.NaN : (i % 7) - 3]),
    y: Array.from({ length: 400 }, (_, i) => (i + 1) % 2),
    weight: Array.from({ length: 400 }, () => 1),
  };
  const gap = fitTrees(gaps, TREES);
  expect(treesScore(gap, [Number.NaN])).toBeGreaterThan(2);
  expect(treesScore(gap, [-3])).toBeLessThan(-2);
});

test('the same seed gives the same trees, another one others', () => {
  const rows = draw(300, ([a = 0]) => sigmoid(a));
  expect(fitTrees(rows, TREES)).toEqual(fitTrees(rows, TREES));
  expect(fitTrees(rows, { ...TREES, seed: 2 })).not.toEqual(fitTrees(rows, TREES));
});

test('both calibrations bring distorted scores back to the chances behind them, and never turn the order', () => {
  const random = seededRandom(5);
  const logits = Array.from({ length: 20_000 }, () => 2 * random.normal());
  const outcomes = logits.map((logit) => Number(random.uniform() < sigmoid(logit)));
  const scores = logits.map((logit) => 3 * logit + 4);
  for (const calibration of [fitPlatt(scores, outcomes), fitIsotonic(scores, outcomes)]) {
    for (const logit of [-2, 0, 2]) expect(calibrated(calibration, 3 * logit + 4)).toBeCloseTo(sigmoid(logit), 1);
    const grid = Array.from({ length: 50 }, (_, i) => calibrated(calibration, i - 25));
    grid.forEach((value, i) => {
      if (i > 0) expect(value).toBeGreaterThanOrEqual(grid[i - 1] ?? 0);
    });
  }
  expect(fitPlatt([1, 2, 3, 4], [1, 1, 0, 0])).toMatchObject({ slope: 0 });
});

test('metrics equal values worked out by hand', () => {
  const outcomes = [true, false, true, false];
  // Pairs: 0.9 > 0.5, 0.9 > 0.1, 0.5 = 0.5 (half), 0.5 > 0.1: 3.5 of 4.
  expect(auc([0.9, 0.5, 0.5, 0.1], outcomes)).toBe(0.875);
  expect(auc([1], [true])).toBeNaN();
  expect(brier([0.9, 0.5, 0.5, 0.1], outcomes)).toBeCloseTo((0.01 + 0.25 + 0.25 + 0.01) / 4, 12);
  // Halves: 0.3 is said and 0 seen, 0.7 is said and 1 seen.
  expect(expectedCalibrationError([0.9, 0.5, 0.5, 0.1], outcomes, 2)).toBeCloseTo(0.3, 12);
});
