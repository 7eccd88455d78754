/** Scores every attempt with a critic that saw nothing of its repository, or of its instance, in training or calibration. Pure. */
import type { Example } from '../embedded/example.ts';
import { headProbability } from '../embedded/head.ts';
import { heldOutLogits, type TrainOptions, trainFinal, trainTurn } from '../embedded/train-critic.ts';
import { auc } from '../learn/metrics.ts';
import { foldsOf, repositories, type SplitBy } from './folds.ts';
import { type Measures, type MeasuresByAgent, measureByAgent } from './measure.ts';

export interface CrossValidation {
  split: SplitBy;
  folds: number;
  /** Of each example, in order. */
  probabilities: number[];
  measures: MeasuresByAgent;
}

const INSTANCE_FOLDS = 10;

/** Leaves out one repository after the other (at most 12 folds), or a tenth of the instances. */
export function crossValidate(examples: readonly Example[], options: TrainOptions, split: SplitBy): CrossValidation {
  const attempts = examples.map(({ attempt }) => attempt);
  const folds = foldCount(examples, split);
  const probabilities = heldOut(examples, split, folds, (rest) => {
    const head = trainFinal(rest, options);
    return ({ features }) => headProbability(head, features.final);
  });
  return { split, folds, probabilities, measures: measureByAgent(attempts, probabilities) };
}

function foldCount(examples: readonly Example[], split: SplitBy): number {
  return split === 'instance' ? INSTANCE_FOLDS : Math.min(12, repositories(examples.map(({ attempt }) => attempt)));
}

function heldOut<T>(
  examples: readonly Example[],
  split: SplitBy,
  folds: number,
  train: (rest: readonly Example[]) => (example: Example) => T,
): T[] {
  const fold = foldsOf(
    examples.map(({ attempt }) => attempt),
    split,
    folds,
  );
  const scored = new Map<Example, { value: T }>();
  for (let held = 0; held < folds; held++) {
    const members = examples.filter((_, i) => fold[i] === held);
    const rest = examples.filter((_, i) => fold[i] !== held);
    if (members.length === 0 || rest.length === 0) continue;
    const score = train(rest);
    for (const member of members) scored.set(member, { value: score(member) });
  }
  return examples.flatMap((example) => {
    const known = scored.get(example);
    return known === undefined ? [] : [known.value];
  });
}

export interface Ablation {
  name: string;
  auc: number;
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
  scores: number[];
}

/** The same split for critics that see less, or are trained on single turns too; calibration left out, as it changes no order. */
export function ablations(examples: readonly Example[], options: TrainOptions, split: SplitBy): AblationScores[] {
  const outcomes = examples.map(({ attempt }) => attempt.resolved);
  return VARIANTS.map(({ name, change }) => {
    const scores = heldOutLogits(examples, { ...options, ...change }, foldCount(examples, split), split);
    return { name, auc: auc(scores, outcomes), scores };
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
  const values = heldOut(withTurns, split, foldCount(withTurns, split), (rest) => {
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
      values.map((row) => row[column] ?? 0),
    ).all,
  }));
}

const SHARES = [0.25, 0.5, 0.75, 1] as const;
