/** Trains the embedded critic: one head for whole attempts, one for the value after each turn. Pure; the same examples and seed give the same critic. */

import { foldsOf, repositories, type SplitBy } from '../evaluate/folds.ts';
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

const CALIBRATION_FOLDS = 4;

/** How calibration holds attempts out: by repository where there are enough of them, else by instance. */
export function calibrationFolds(examples: readonly Example[]): { split: SplitBy; folds: number } {
  const enough = repositories(examples.map(({ attempt }) => attempt)) >= 2 * CALIBRATION_FOLDS;
  return { split: enough ? 'repository' : 'instance', folds: CALIBRATION_FOLDS };
}

/** Fitted on scores that each attempt got from heads which never saw its repository or instance. */
function calibrationOf(examples: readonly Example[], options: TrainOptions): Calibration {
  const { split, folds } = calibrationFolds(examples);
  const scores = heldOutLogits(examples, options, folds, split);
  const outcomes = examples.map(({ attempt }) => Number(attempt.resolved));
  return options.calibration === 'platt' ? fitPlatt(scores, outcomes) : fitIsotonic(scores, outcomes);
}

/** Log-odds of each example by heads trained without its fold. A fold whose rest is empty is scored by a head trained on all. */
export function heldOutLogits(
  examples: readonly Example[],
  options: TrainOptions,
  folds: number,
  split: SplitBy,
): number[] {
  const fold = foldsOf(
    examples.map(({ attempt }) => attempt),
    split,
    folds,
  );
  const heads = Array.from({ length: folds }, (_, held) => {
    const rest = examples.filter((_, i) => fold[i] !== held);
    return fitFinal(rest.length > 0 ? rest : examples, options);
  });
  return examples.map(({ features }, i) => {
    const head = heads[fold[i] ?? 0];
    return head === undefined ? 0 : headLogit(head, features.final);
  });
}
