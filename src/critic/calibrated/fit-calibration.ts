/** A map from a critic's scores to probabilities, learnt on attempts whose verdict is known. Pure. */
import type { ScoredAttempt } from '../data/score-graded.ts';
import { calibrationFolds, type SplitBy } from '../evaluate/folds.ts';
import { heldOut } from '../evaluate/held-out.ts';
import { type Measures, measureByAgent } from '../evaluate/measure.ts';
import { type Calibration, calibrated, fitIsotonic, fitPlatt } from '../learn/calibration.ts';

export type CalibrationMethod = Calibration['kind'];

export interface FittedCalibration {
  /** Fitted on all attempts. */
  calibration: Calibration;
  /** Of probabilities by maps that were fitted without the attempt's repository, or without its instance where repositories are few; null where nothing can be held out. */
  heldOut: (Measures & { split: SplitBy; folds: number }) | null;
}

/** Needs at least one resolved and one unresolved attempt. */
export function fitCalibration(scored: readonly ScoredAttempt[], method: CalibrationMethod): FittedCalibration {
  const attempts = scored.map(({ attempt }) => attempt);
  const { split, folds } = calibrationFolds(attempts);
  const probabilities = heldOut(scored, split, folds, (rest) => {
    const map = fitBy(rest, method);
    return ({ score }) => calibrated(map, score);
  });
  return {
    calibration: fitBy(scored, method),
    heldOut: folds < 2 ? null : { split, folds, ...measureByAgent(attempts, probabilities).all },
  };
}

function fitBy(scored: readonly ScoredAttempt[], method: CalibrationMethod): Calibration {
  const scores = scored.map(({ score }) => score);
  const outcomes = scored.map(({ attempt }) => Number(attempt.resolved));
  return method === 'platt' ? fitPlatt(scores, outcomes) : fitIsotonic(scores, outcomes);
}
