/** What choosing by given scores is worth: for each run with repeats, and for all runs together. */
import type { RunRecord } from '../../contracts/index.ts';
import { curveInstances } from '../../select/selection.ts';
import { type SelectionCurves, selectionCurves } from '../../select/selection-curves.ts';
import {
  criticSelector,
  majoritySelector,
  oracleSelector,
  plainSelectors,
  randomSelector,
} from '../../select/selector.ts';
import { type StoredAttempt, type StoredInstance, storedInstances } from '../../select/stored-attempts.ts';
import type { GradedAttempt } from '../data/load-attempts.ts';

export interface SetupSelection {
  /** A run with several attempts per instance, or `all attempts pooled`. */
  setup: string;
  curves: SelectionCurves;
}

/** The curve of the scores, among those of the baselines. */
export const CRITIC_CURVE = 'critic';

export interface Setups {
  /** One score per attempt, in the order of the attempts that the set-ups were made of; null has no score, and ranks last. */
  selectionsBy(scores: readonly (number | null)[]): SetupSelection[];
}

const POOLED = 'all attempts pooled';

/** Instances with at least two of `attempts`, which come from `runs`. Throws what the store throws when a patch cannot be read. */
export async function loadSetups(runs: readonly RunRecord[], attempts: readonly GradedAttempt[]): Promise<Setups> {
  const keys = attempts.map(({ trajectory }) => keyOf(trajectory));
  const known = new Set(keys);
  const repeated = runs.filter(({ manifest }) => manifest.attempts > 1);
  const pools = [
    ...repeated.map((run) => ({ setup: run.manifest.runId, members: [run] })),
    ...(runs.length > 1 ? [{ setup: POOLED, members: runs }] : []),
  ];
  const setups = await Promise.all(
    pools.map(async ({ setup, members }) => {
      const instances = await storedInstances(members);
      const usable = instances.map((one) => ({
        ...one,
        attempts: one.attempts.filter((attempt) => known.has(keyOfStored(attempt))),
      }));
      return { setup, instances: usable.filter((one) => one.attempts.length > 1) };
    }),
  );
  return {
    selectionsBy(scores) {
      const byAttempt = new Map(keys.map((key, i) => [key, scores[i] ?? null]));
      return setups.map(({ setup, instances }) => ({ setup, curves: curvesOf(instances, byAttempt) }));
    },
  };
}

function curvesOf(instances: readonly StoredInstance[], scores: ReadonlyMap<string, number | null>): SelectionCurves {
  const values = new Map(
    instances
      .flatMap((one) => one.attempts)
      .flatMap((one): [StoredAttempt, number][] => {
        const score = scores.get(keyOfStored(one)) ?? null;
        return score === null ? [] : [[one, score]];
      }),
  );
  const evidence = {
    scores: { critic: CRITIC_CURVE, calibrated: false, values, usd: 0, unknownCosts: 0, failures: [] },
  };
  const selectors = [oracleSelector, randomSelector, ...plainSelectors, majoritySelector, criticSelector(CRITIC_CURVE)];
  return selectionCurves(curveInstances(instances, evidence), selectors);
}

function keyOf({ runId, instanceId, attempt }: { runId: string; instanceId: string; attempt: number }): string {
  return `${runId}\0${instanceId}\0${attempt}`;
}

function keyOfStored({ run, record }: StoredAttempt): string {
  return keyOf({ runId: run.manifest.runId, instanceId: record.instanceId, attempt: record.attempt });
}
