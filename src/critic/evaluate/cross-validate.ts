/** Scores every attempt with a critic that saw nothing of its repository, or of its instance, in training or calibration. Pure. */
import type { Example } from '../embedded/example.ts';
import { headProbability } from '../embedded/head.ts';
import { heldOutLogits, type TrainOptions, trainFinal, trainTurn } from '../embedded/train-critic.ts';
import { foldCount, type SplitBy } from './folds.ts';
import { heldOut } from './held-out.ts';
import { type Measures, type MeasuresByAgent, measureByAgent } from './measure.ts';

export interface CrossValidation {
  split: SplitBy;
  folds: number;
  /** Of each example, in order; null for one that nothing could be held out for. */
  probabilities: (number | null)[];
  measures: MeasuresByAgent;
}

const MOST_FOLDS: Readonly<Record<SplitBy, number>> = { repository: 12, instance: 10 };

/** Leaves out one repository after the other (at most 12 folds), or a tenth of the instances. */
export function crossValidate(examples: readonly Example[], options: TrainOptions, split: SplitBy): CrossValidation {
  const attempts = examples.map(({ attempt }) => attempt);
  const folds = validationFolds(examples, split);
  const probabilities = heldOut(examples, split, folds, (rest) => {
    const head = trainFinal(rest, options);
    return ({ features }) => headProbability(head, features.final);
  });
  return { split, folds, probabilities, measures: measureByAgent(attempts, probabilities) };
}

/** Fewer than two hold nothing out. */
export function validationFolds(examples: readonly Example[], split: SplitBy): number {
  return foldCount(
    examples.map(({ attempt }) => attempt),
    split,
    MOST_FOLDS[split],
  );
}

export interface Ablation {
  name: string;
  /** Null where all attempts came to the same. */
  auc: number | null;
}

const VARIANTS: readonly { name: string; change: Partial<TrainOptions> }[] = [
  { name: 'patch, trajectory and issue', change: {} },
  { name: 'patch and trajectory', change: { groups: ['patch', 'trajectory'] } },
  { name: 'patch only', change: { groups: ['patch'] } },
  { name: 'trajectory only', change: { groups: ['trajectory'] } },
  { name: 'issue only', change: { groups: ['issue'] } },
  { name: 'all, trained on turns with TD targets too', change: { perTurn: true } },
];

export interface AblationScores extends Ablation {
  /** Log-odds of each example, held out. */
  scores: (number | null)[];
}

/** The same split for critics that see less, or are trained on single turns too; calibration left out, as it changes no order. */
export function ablations(examples: readonly Example[], options: TrainOptions, split: SplitBy): AblationScores[] {
  const attempts = examples.map(({ attempt }) => attempt);
  return VARIANTS.map(({ name, change }) => {
    const scores = heldOutLogits(examples, { ...options, ...change }, validationFolds(examples, split), split);
    return { name, auc: measureByAgent(attempts, scores).all.auc, scores };
  });
}

export interface TurnValues {
  /** Share of the attempt's turns that the critic has seen. */
  share: number;
  measures: Measures;
}

/** How good the value after a part of the turns is at telling the outcome, held out. Attempts without turns are left out. */
export function turnValues(examples: readonly Example[], options: TrainOptions, split: SplitBy): TurnValues[] {
  const withTurns = examples.filter(({ features }) => features.turns.length > 0);
  const folds = validationFolds(withTurns, split);
  if (folds < 2) return [];
  const values = heldOut(withTurns, split, folds, (rest) => {
    const head = trainTurn(rest, options);
    return ({ features }) =>
      SHARES.map((share) => {
        const at = Math.max(0, Math.ceil(share * features.turns.length) - 1);
        return headProbability(head, features.turns[at] ?? {});
      });
  });
  const attempts = withTurns.map(({ attempt }) => attempt);
  return SHARES.map((share, column) => ({
    share,
    measures: measureByAgent(
      attempts,
      values.map((row) => row?.[column] ?? null),
    ).all,
  }));
}

const SHARES = [0.25, 0.5, 0.75, 1] as const;
