/** Trains the embedded critic: one head for whole attempts, one for the value after each turn. Pure; the same examples and seed give the same critic. */

import { calibrationFolds, type SplitBy } from '../evaluate/folds.ts';
import { heldOut } from '../evaluate/held-out.ts';
import type { FeatureGroup } from '../features/feature.ts';
import { type Calibration, fitIsotonic, fitPlatt } from '../learn/calibration.ts';
import type { Rows } from '../learn/rows.ts';
import { type Example, featureNames, finalRows, joinRows, turnRows } from './example.ts';
import { fitHead, type Head, headLogit, type RawHead, withCalibration } from './head.ts';
import { DEFAULT_GAMMA } from './td-targets.ts';

export interface TrainOptions {
  groups: readonly FeatureGroup[];
  /** Whether the rows of single turns, with their temporal-difference targets, also train the head for whole attempts. */
  perTurn: boolean;
  gamma: number;
  calibration: 'platt' | 'isotonic';
  seed: number;
}

export const DEFAULT_TRAINING: TrainOptions = {
  groups: ['patch', 'trajectory', 'issue'],
  perTurn: false,
  gamma: DEFAULT_GAMMA,
  calibration: 'platt',
  seed: 1,
};

export interface TrainedHeads {
  final: Head;
  turn: Head;
}

/** Throws `RangeError` without examples. */
export function trainCritic(examples: readonly Example[], options: TrainOptions): TrainedHeads {
  return { final: trainFinal(examples, options), turn: trainTurn(examples, options) };
}

export function trainFinal(examples: readonly Example[], options: TrainOptions): Head {
  return withCalibration(fitFinal(examples, options), calibrationOf(examples, options));
}

/** Knows nothing of the patch: in the middle of an attempt there is none yet. */
export function trainTurn(examples: readonly Example[], { groups, gamma, seed }: TrainOptions): Head {
  const names = featureNames(groups.filter((group) => group !== 'patch'));
  return withCalibration(fitHead(turnRows(examples, names, gamma), names, seed), IDENTITY);
}

/** The head for whole attempts, before calibration. */
function fitFinal(examples: readonly Example[], options: TrainOptions): RawHead {
  const names = featureNames(options.groups);
  const whole = finalRows(examples, names);
  const rows: Rows = options.perTurn ? joinRows(whole, turnRows(examples, names, options.gamma)) : whole;
  return fitHead(rows, names, options.seed);
}

/** The targets of turns are probabilities already, and the log-loss keeps to them. */
const IDENTITY: Calibration = { kind: 'platt', slope: 1, offset: 0 };

/** Fitted on scores that each attempt got from heads which never saw its repository or instance; where nothing can be held out, the log-odds stay as they are. */
function calibrationOf(examples: readonly Example[], options: TrainOptions): Calibration {
  const { split, folds } = calibrationFolds(examples.map(({ attempt }) => attempt));
  const scores = heldOutLogits(examples, options, folds, split);
  const known = examples.flatMap(({ attempt }, i) => {
    const score = scores[i] ?? null;
    return score === null ? [] : [{ score, outcome: Number(attempt.resolved) }];
  });
  if (known.length === 0) return IDENTITY;
  const calibrate = options.calibration === 'platt' ? fitPlatt : fitIsotonic;
  return calibrate(
    known.map(({ score }) => score),
    known.map(({ outcome }) => outcome),
  );
}

/** Log-odds of each example by heads trained without its fold; null where nothing is left to train on. */
export function heldOutLogits(
  examples: readonly Example[],
  options: TrainOptions,
  folds: number,
  split: SplitBy,
): (number | null)[] {
  return heldOut(examples, split, folds, (rest) => {
    const head = fitFinal(rest, options);
    return ({ features }) => headLogit(head, features.final);
  });
}
