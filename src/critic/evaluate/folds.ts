/** Which attempts are held out together. Pure. */
import { sha256 } from '../../base/digest.ts';
import type { GradedAttempt } from '../data/load-attempts.ts';

/** `repository`: nothing of a repository is seen in training. `instance`: nothing of an instance, over all agents. */
export type SplitBy = 'repository' | 'instance';

/**
 * Fold of each attempt, 0 .. folds - 1. Repositories are dealt out by size, largest first, to the fold with the fewest attempts; with as many folds as repositories each is held
 * out alone. Instances are dealt out by digest; few of them one by one, so that no fold is empty.
 */
export function foldsOf(attempts: readonly GradedAttempt[], by: SplitBy, folds: number): number[] {
  if (by === 'instance') return instanceFolds(attempts, folds);
  const sizes = new Map<string, number>();
  for (const { trajectory } of attempts) sizes.set(trajectory.repo, (sizes.get(trajectory.repo) ?? 0) + 1);
  const loads = Array.from({ length: folds }, () => 0);
  const assigned = new Map<string, number>();
  for (const [repo, size] of [...sizes].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))) {
    const fold = loads.indexOf(Math.min(...loads));
    loads[fold] = (loads[fold] ?? 0) + size;
    assigned.set(repo, fold);
  }
  return attempts.map(({ trajectory }) => assigned.get(trajectory.repo) ?? 0);
}

/** So many instances to a fold that none stays empty by chance. */
const MANY = 10;

function instanceFolds(attempts: readonly GradedAttempt[], folds: number): number[] {
  const keys = attempts.map(({ trajectory }) => Number.parseInt(sha256(trajectory.instanceId).slice(-8), 16));
  const inOrder = [...new Set(keys)].sort((a, b) => a - b);
  if (inOrder.length >= MANY * folds) return keys.map((key) => key % folds);
  const place = new Map(inOrder.map((key, at) => [key, at % folds]));
  return keys.map((key) => place.get(key) ?? 0);
}

/** At most `most`, and no more than there are groups to hold out; fewer than two hold nothing out. */
export function foldCount(attempts: readonly GradedAttempt[], by: SplitBy, most: number): number {
  const groups = by === 'repository' ? repositories(attempts) : instances(attempts);
  return Math.min(most, groups);
}

function instances(attempts: readonly GradedAttempt[]): number {
  return new Set(attempts.map(({ trajectory }) => trajectory.instanceId)).size;
}

export function repositories(attempts: readonly GradedAttempt[]): number {
  return new Set(attempts.map(({ trajectory }) => trajectory.repo)).size;
}

const CALIBRATION_FOLDS = 4;

/** How calibration holds attempts out: by repository where there are enough of them, else by instance. Fewer than two folds hold nothing out. */
export function calibrationFolds(attempts: readonly GradedAttempt[]): { split: SplitBy; folds: number } {
  const split = repositories(attempts) >= 2 * CALIBRATION_FOLDS ? 'repository' : 'instance';
  return { split, folds: foldCount(attempts, split, CALIBRATION_FOLDS) };
}
