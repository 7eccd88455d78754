/** What the embedded critic is worth on attempts it has not seen: discrimination, calibration, and choosing among repeats against every baseline. */
import { AssayError, type RunRecord } from '../../contracts/index.ts';
import { curveInstances } from '../../select/selection.ts';
import { type SelectionCurve, type SelectionCurves, selectionCurves } from '../../select/selection-curves.ts';
import {
  criticSelector,
  majoritySelector,
  oracleSelector,
  plainSelectors,
  randomSelector,
} from '../../select/selector.ts';
import { type StoredAttempt, type StoredInstance, storedInstances } from '../../select/stored-attempts.ts';
import type { Interval } from '../../stats/intervals.ts';
import type { Example } from '../embedded/example.ts';
import type { TrainOptions } from '../embedded/train-critic.ts';
import { ablations, crossValidate, type TurnValues, turnValues, validationFolds } from './cross-validate.ts';
import type { SplitBy } from './folds.ts';
import type { MeasuresByAgent } from './measure.ts';

export interface SetupSelection {
  /** A run with several attempts per instance, or `all attempts pooled`. */
  setup: string;
  curves: SelectionCurves;
}

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
  const setups = await setupsOf(runs, examples);
  const selectionsBy = (scores: readonly (number | null)[]) => {
    const byAttempt = new Map(examples.map(({ attempt }, i) => [keyOf(attempt.trajectory), scores[i] ?? null]));
    return setups.map(({ setup, instances }) => ({ setup, curves: curvesOf(instances, byAttempt) }));
  };
  const variants = ablate && first !== undefined ? ablations(examples, training, first.split) : [];
  return {
    splits: validations.map(({ split, folds, measures }) => ({ split, folds, measures })),
    leftOut: splits.filter((split) => !possible.includes(split)),
    selections: first === undefined ? [] : selectionsBy(first.probabilities),
    ablations: variants.map(({ name, auc, scores }) => ({
      name,
      auc,
      selections: selectionsBy(scores).map(({ setup, curves }) => {
        const own = curves.curves.find(({ selector }) => selector === CRITIC_NAME);
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

const CRITIC_NAME = 'critic';
const POOLED = 'all attempts pooled';

/** Instances with at least two usable attempts: of each run with repeats, and of all runs together. */
async function setupsOf(
  runs: readonly RunRecord[],
  examples: readonly Example[],
): Promise<{ setup: string; instances: StoredInstance[] }[]> {
  const known = new Set(examples.map(({ attempt }) => keyOf(attempt.trajectory)));
  const repeated = runs.filter(({ manifest }) => manifest.attempts > 1);
  const pools = [
    ...repeated.map((run) => ({ setup: run.manifest.runId, members: [run] })),
    ...(runs.length > 1 ? [{ setup: POOLED, members: runs }] : []),
  ];
  return await Promise.all(
    pools.map(async ({ setup, members }) => {
      const instances = await storedInstances(members);
      const usable = instances.map((one) => ({
        ...one,
        attempts: one.attempts.filter((attempt) => known.has(keyOfStored(attempt))),
      }));
      return { setup, instances: usable.filter((one) => one.attempts.length > 1) };
    }),
  );
}

/** What could not be held out has no score, and ranks last. */
function curvesOf(instances: readonly StoredInstance[], scores: ReadonlyMap<string, number | null>): SelectionCurves {
  const values = new Map(
    instances
      .flatMap((one) => one.attempts)
      .flatMap((one): [StoredAttempt, number][] => {
        const score = scores.get(keyOfStored(one)) ?? null;
        return score === null ? [] : [[one, score]];
      }),
  );
  const evidence = { scores: { critic: CRITIC_NAME, values, usd: 0, unknownCosts: 0, failures: [] } };
  const selectors = [oracleSelector, randomSelector, ...plainSelectors, majoritySelector, criticSelector(CRITIC_NAME)];
  return selectionCurves(curveInstances(instances, evidence), selectors);
}

function keyOf({ runId, instanceId, attempt }: { runId: string; instanceId: string; attempt: number }): string {
  return `${runId}\0${instanceId}\0${attempt}`;
}

function keyOfStored({ run, record }: StoredAttempt): string {
  return keyOf({ runId: run.manifest.runId, instanceId: record.instanceId, attempt: record.attempt });
}

function lastRate(curve: SelectionCurve | undefined): Interval | null {
  return curve?.points.at(-1)?.rate ?? null;
}
