/** One learnt function from features to a probability: logistic regression and boosted trees, their log-odds averaged, then calibrated. Pure. */
import { z } from 'zod';
import { toRow } from '../features/extract-features.ts';
import type { FeatureValues } from '../features/feature.ts';
import { fitTrees, type TreesOptions, treesModelSchema, treesScore } from '../learn/boosted-trees.ts';
import { type Calibration, calibrated, calibrationSchema } from '../learn/calibration.ts';
import { fitLogistic, logisticModelSchema, logisticScore } from '../learn/logistic-regression.ts';
import type { Rows } from '../learn/rows.ts';

export const headSchema = z.object({
  /** Features, in the order of the columns. */
  features: z.array(z.string()),
  logistic: logisticModelSchema,
  trees: treesModelSchema,
  calibration: calibrationSchema,
});
export type Head = z.infer<typeof headSchema>;

/** Before calibration. */
export type RawHead = Omit<Head, 'calibration'>;

/** Chosen once by cross-validation over repositories; small trees and much shrinkage, for data of hundreds to thousands of attempts. */
const TREES: Omit<TreesOptions, 'seed'> = {
  trees: 160,
  depth: 3,
  learningRate: 0.05,
  l2: 5,
  minHessian: 4,
  rowShare: 0.7,
  columnShare: 0.3,
};
const LOGISTIC_L2 = 40;

export function fitHead(rows: Rows, features: string[], seed: number): RawHead {
  return { features, logistic: fitLogistic(rows, { l2: LOGISTIC_L2 }), trees: fitTrees(rows, { ...TREES, seed }) };
}

/** Log-odds, not calibrated. */
export function headLogit(head: RawHead, values: FeatureValues): number {
  const row = toRow(values, head.features);
  return (logisticScore(head.logistic, row) + treesScore(head.trees, row)) / 2;
}

export function headProbability(head: Head, values: FeatureValues): number {
  return calibrated(head.calibration, headLogit(head, values));
}

export function withCalibration(head: RawHead, calibration: Calibration): Head {
  return { ...head, calibration };
}
