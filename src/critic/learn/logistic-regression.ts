/**
 * Logistic regression with an L2 penalty, by Newton's method (iteratively reweighted least squares). Columns are standardised inside; a missing value (NaN) counts as the mean
 * of its column. Targets may be any number in [0, 1]. Pure; deterministic. Source: Hastie, Tibshirani, Friedman (2009), The Elements of Statistical Learning, 4.4.1.
 */
import { z } from 'zod';
import type { Rows } from './rows.ts';
import { solvePositive } from './solve-positive.ts';

export const logisticModelSchema = z.object({
  kind: z.literal('logistic'),
  intercept: z.number(),
  /** Per column: weight of the standardised value, and how it is standardised. */
  weights: z.array(z.number()),
  means: z.array(z.number()),
  scales: z.array(z.number()),
});
export type LogisticModel = z.infer<typeof logisticModelSchema>;

export interface LogisticOptions {
  /** Penalty of half the squared weights, in units of one row. */
  l2: number;
}

/** Standardised values are cut here: a value far outside of what was seen must not decide alone. */
const CLIP = 4;
const MAX_ITERATIONS = 30;
const TOLERANCE = 1e-7;

/** Throws `RangeError` when there are no rows. */
export function fitLogistic({ x, y, weight }: Rows, { l2 }: LogisticOptions): LogisticModel {
  const columns = x[0]?.length ?? 0;
  if (x.length === 0) throw new RangeError('logistic regression needs rows');
  const { means, scales } = columnStatistics(x, weight);
  // The last column is the intercept's.
  const rows = x.map((row) => Float64Array.of(...standardise(row, means, scales), 1));
  // Missing values and columns without spread are 0: passing over them saves most of the work on sparse rows.
  const used = rows.map((row) => [...row.keys()].filter((column) => row[column] !== 0));
  const size = columns + 1;
  const beta = new Float64Array(size);
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    const gradient = new Float64Array(size);
    const hessian = Array.from({ length: size }, () => new Float64Array(size));
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      const count = weight[i] ?? 0;
      if (row === undefined || count === 0) continue;
      const p = sigmoid(linear(row, beta));
      const error = count * ((y[i] ?? 0) - p);
      const curvature = count * Math.max(p * (1 - p), 1e-6);
      for (const a of used[i] ?? []) {
        const xa = row[a] ?? 0;
        gradient[a] = (gradient[a] ?? 0) + error * xa;
        const line = hessian[a];
        if (line === undefined) continue;
        const scaled = curvature * xa;
        for (const b of used[i] ?? []) {
          if (b > a) break;
          line[b] = (line[b] ?? 0) + scaled * (row[b] ?? 0);
        }
      }
    }
    for (let a = 0; a < columns; a++) {
      gradient[a] = (gradient[a] ?? 0) - l2 * (beta[a] ?? 0);
      const line = hessian[a];
      if (line !== undefined) line[a] = (line[a] ?? 0) + l2;
    }
    const step = solvePositive(hessian, gradient);
    let largest = 0;
    for (let a = 0; a < size; a++) {
      const move = Math.max(-5, Math.min(5, step[a] ?? 0));
      beta[a] = (beta[a] ?? 0) + move;
      largest = Math.max(largest, Math.abs(move));
    }
    if (largest < TOLERANCE) break;
  }
  return { kind: 'logistic', intercept: beta[columns] ?? 0, weights: [...beta.subarray(0, columns)], means, scales };
}

/** Log-odds. */
export function logisticScore(model: LogisticModel, row: ArrayLike<number>): number {
  const standard = standardise(row, model.means, model.scales);
  return model.weights.reduce((sum, weight, column) => sum + weight * (standard[column] ?? 0), model.intercept);
}

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

function linear(row: Float64Array, beta: Float64Array): number {
  let sum = 0;
  for (let column = 0; column < row.length; column++) sum += (beta[column] ?? 0) * (row[column] ?? 0);
  return sum;
}

function standardise(row: ArrayLike<number>, means: readonly number[], scales: readonly number[]): Float64Array {
  return Float64Array.from(means, (mean, column) => {
    const value = row[column] ?? Number.NaN;
    return Number.isNaN(value) ? 0 : Math.max(-CLIP, Math.min(CLIP, (value - mean) / (scales[column] ?? 1)));
  });
}

/** Over the known values; a column without spread has scale 1, so that it stays 0. */
function columnStatistics(
  x: readonly ArrayLike<number>[],
  weight: ArrayLike<number>,
): { means: number[]; scales: number[] } {
  const [means, scales]: [number[], number[]] = [[], []];
  for (let column = 0; column < (x[0]?.length ?? 0); column++) {
    let [total, sum, squares] = [0, 0, 0];
    x.forEach((row, i) => {
      const value = row[column] ?? Number.NaN;
      const count = weight[i] ?? 0;
      if (Number.isNaN(value)) return;
      total += count;
      sum += count * value;
      squares += count * value * value;
    });
    const mean = total === 0 ? 0 : sum / total;
    const variance = total === 0 ? 0 : squares / total - mean * mean;
    means.push(mean);
    scales.push(variance > 1e-12 ? Math.sqrt(variance) : 1);
  }
  return { means, scales };
}
