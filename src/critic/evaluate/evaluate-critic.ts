/** What the embedded critic is worth on attempts it has not seen: discrimination, calibration, and choosing among repeats against every baseline. */
import { AssayError, type RunRecord } from '../../contracts/index.ts';
import type { SelectionCurve } from '../../select/selection-curves.ts';
import type { Interval } from '../../stats/intervals.ts';
import type { Example } from '../embedded/example.ts';
import type { TrainOptions } from '../embedded/train-critic.ts';
import { ablations, crossValidate, type TurnValues, turnValues, validationFolds } from './cross-validate.ts';
import type { SplitBy } from './folds.ts';
import type { MeasuresByAgent } from './measure.ts';
import { CRITIC_CURVE, loadSetups, type SetupSelection } from './selections-by-scores.ts';

export interface AblationResult {
  name: string;
  auc: number | null;
  /** By set-up: rate of the chosen attempt at the largest k, and share of the way from random to oracle. */
  selections: { setup: string; rate: Interval | null; recovered: Interval | null }[];
}

export interface CriticEvaluation {
  splits: { split: SplitBy; folds: number; measures: MeasuresByAgent }[];
  /** Splits that were asked for and hold nothing out: there is one repository, or one instance. */
  leftOut: SplitBy[];
  /** By the scores of the first split. */
  selections: SetupSelection[];
  /** Empty when not asked for. */
  ablations: AblationResult[];
  turns: TurnValues[];
}

export interface EvaluationOptions {
  training: TrainOptions;
  /** The first one is that of selections and ablations. */
  splits: readonly SplitBy[];
  ablate: boolean;
}

/** `runs` are where the examples come from. Throws `usage` when no split holds anything out, and what the store throws when a patch cannot be read. */
export async function evaluateCritic(
  runs: readonly RunRecord[],
  examples: readonly Example[],
  { training, splits, ablate }: EvaluationOptions,
): Promise<CriticEvaluation> {
  const possible = splits.filter((split) => validationFolds(examples, split) >= 2);
  if (possible.length === 0) throw nothingHeldOut(splits);
  const validations = possible.map((split) => crossValidate(examples, training, split));
  const [first] = validations;
  const { selectionsBy } = await loadSetups(
    runs,
    examples.map(({ attempt }) => attempt),
  );
  const variants = ablate && first !== undefined ? ablations(examples, training, first.split) : [];
  return {
    splits: validations.map(({ split, folds, measures }) => ({ split, folds, measures })),
    leftOut: splits.filter((split) => !possible.includes(split)),
    selections: first === undefined ? [] : selectionsBy(first.probabilities),
    ablations: variants.map(({ name, auc, scores }) => ({
      name,
      auc,
      selections: selectionsBy(scores).map(({ setup, curves }) => {
        const own = curves.curves.find(({ selector }) => selector === CRITIC_CURVE);
        return { setup, rate: lastRate(own), recovered: own?.recovered ?? null };
      }),
    })),
    turns: ablate && first !== undefined ? turnValues(examples, training, first.split) : [],
  };
}

function nothingHeldOut(splits: readonly SplitBy[]): AssayError {
  return new AssayError('usage', `nothing can be held out: all attempts are of one ${splits.join(' and of one ')}`, {
    class: 'input',
    retryable: false,
    hint: splits.includes('instance')
      ? 'Name runs over more instances.'
      : 'Name runs over more repositories, or --split instance.',
  });
}

function lastRate(curve: SelectionCurve | undefined): Interval | null {
  return curve?.points.at(-1)?.rate ?? null;
}
