import { expect, test } from 'vitest';
import { clusterBootstrap } from './cluster-bootstrap.ts';
import { wilson } from './intervals.ts';
import { seededRandom } from './seeded-random.ts';

const sums = (...pairs: [number, number][]) => pairs.map(([numerator, denominator]) => ({ numerator, denominator }));

test('the value is the ratio of the sums, the interval holds it, and one seed gives one result', () => {
  const data = sums([3, 5], [8, 10], [1, 4], [2, 2], [5, 9]);
  const one = clusterBootstrap(5, 500, 7).interval(data, 'rate');
  expect(one.value).toBeCloseTo(19 / 30, 12);
  expect(one.low).toBeGreaterThan(0.2);
  expect(one.low).toBeLessThan(one.value);
  expect(one.high).toBeGreaterThan(one.value);
  expect(one.high).toBeLessThan(0.95);
  expect(clusterBootstrap(5, 500, 7).interval(data, 'rate')).toEqual(one);
});

test('one cluster of many dependent units says nothing, whatever their number', () => {
  expect(clusterBootstrap(1).interval(sums([500, 1000]), 'rate')).toEqual({ value: 0.5, low: 0, high: 1 });
  expect(clusterBootstrap(1).interval(sums([5, 10]), 'plain').high).toBe(Number.POSITIVE_INFINITY);
});

test('where nothing varies, clusters count as trials', () => {
  const all = clusterBootstrap(8).interval(sums(...Array.from({ length: 8 }, (): [number, number] => [4, 4])), 'rate');
  expect(all).toEqual(wilson(8, 8));
  const rare = clusterBootstrap(6).interval(sums([0, 9], [0, 9], [0, 9], [0, 9], [0, 9], [1, 9]), 'rate');
  expect(rare.low).toBeGreaterThanOrEqual(0);
  expect(rare.high).toBeGreaterThan(0.3);
});

test('a difference that is always the same has no width', () => {
  expect(clusterBootstrap(3).interval(sums([0, 4], [0, 2], [0, 9]), 'plain')).toEqual({ value: 0, low: 0, high: 0 });
});

test('dependence inside clusters widens the interval', () => {
  const random = seededRandom(3);
  const rows = Array.from({ length: 600 }, () => (random.uniform() < 0.5 ? 1 : 0));
  const grouped = (size: number, value: (index: number) => number) =>
    Array.from({ length: 600 / size }, (_, g) => ({
      numerator: Array.from({ length: size }, (_, i) => value(g * size + i)).reduce((a, b) => a + b, 0),
      denominator: size,
    }));
  const width = ({ low, high }: { low: number; high: number }) => high - low;
  const independent = clusterBootstrap(30).interval(
    grouped(20, (i) => rows[i] ?? 0),
    'rate',
  );
  const copied = clusterBootstrap(30).interval(
    grouped(20, (i) => rows[Math.floor(i / 20)] ?? 0),
    'rate',
  );
  expect(width(copied)).toBeGreaterThan(3 * width(independent));
});
