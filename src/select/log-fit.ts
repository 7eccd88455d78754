/** The line rate(k) = intercept + perDoubling * log2(k) through a curve, by least squares. It is linear in the values, so each instance has a line of its own and their mean has an interval. */
import type { Interval } from '../stats/intervals.ts';
import type { InstanceClusters } from './instance-clusters.ts';

export interface LogFit {
  intercept: Interval;
  perDoubling: Interval;
  /** Share of the variation between the points that the line explains; null for fewer than three points, or when they do not vary. */
  r2: number | null;
}

/** `values` by k = 1, 2, ..., then by instance. Null for a single point. */
export function logFit(values: readonly (readonly number[])[], clusters: InstanceClusters): LogFit | null {
  if (values.length < 2) return null;
  const xs = values.map((_, at) => Math.log2(at + 1));
  const centre = average(xs);
  const spread = products(xs, xs);
  const slopeOf = (ys: readonly number[]) => products(xs, ys) / spread;
  const columns = (values[0] ?? []).map((_, i) => values.map((row) => row[i] ?? 0));
  const ys = values.map(average);
  const total = products(ys, ys);
  return {
    intercept: clusters.mean(
      columns.map((column) => average(column) - centre * slopeOf(column)),
      'plain',
    ),
    perDoubling: clusters.mean(columns.map(slopeOf), 'plain'),
    r2: xs.length < 3 || total < 1e-18 ? null : products(xs, ys) ** 2 / (spread * total),
  };
}

/** Sum of the products of the deviations from the means. */
function products(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [average(a), average(b)];
  return a.reduce((sum, value, i) => sum + (value - meanA) * ((b[i] ?? 0) - meanB), 0);
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
