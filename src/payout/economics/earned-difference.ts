/**
 * Two runs over the same tasks: how much more of the money the first earns. The tasks are drawn again in pairs, groups together (percentile bootstrap), so what makes a task easy
 * for both cancels out. For ablations: price shown or not, user tool or not, effort. Pure; the same seed gives the same interval.
 */
import type { Interval } from '../../stats/intervals.ts';
import { seededRandom } from '../../stats/seeded-random.ts';
import { sum, type TaskOutcome, tally } from './priced-outcome.ts';

export interface EarnedDifference {
  /** Tasks with a verdict in both. */
  tasks: number;
  /** Dollars of these tasks. */
  possible: number;
  /** Share of them earned by the first less that by the second; 95 % interval, [-1, 1] for fewer than two groups. */
  share: Interval;
}

interface Pair {
  price: number;
  /** Dollars that the first earned more. */
  gain: number;
}

export function earnedDifference(
  first: readonly TaskOutcome[],
  second: readonly TaskOutcome[],
  { resamples = 2_000, seed = 1 } = {},
): EarnedDifference {
  const groups = pairsByGroup(first, second);
  const pairs = groups.flat();
  const value = shareOf(pairs);
  const result = { tasks: pairs.length, possible: sum(pairs, (pair) => pair.price) };
  if (groups.length < 2) return { ...result, share: { value, low: -1, high: 1 } };
  const random = seededRandom(seed);
  const shares = Array.from({ length: resamples }, () =>
    shareOf(groups.flatMap(() => groups[random.below(groups.length)] ?? [])),
  ).sort((a, b) => a - b);
  const quantile = (q: number) => shares[Math.floor(q * resamples)] ?? value;
  return { ...result, share: { value, low: quantile(0.025), high: quantile(0.975) } };
}

function pairsByGroup(first: readonly TaskOutcome[], second: readonly TaskOutcome[]): Pair[][] {
  const others = new Map(second.map((task) => [task.id, task]));
  const groups = new Map<string, Pair[]>();
  for (const task of first) {
    const other = others.get(task.id);
    const [mine, theirs] = [rateOf(task), other === undefined ? null : rateOf(other)];
    if (mine === null || theirs === null) continue;
    const pair = { price: task.price, gain: task.price * (mine - theirs) };
    groups.set(task.group, [...(groups.get(task.group) ?? []), pair]);
  }
  return [...groups.values()];
}

function rateOf(task: TaskOutcome): number | null {
  const { judged, passed } = tally(task);
  return judged === 0 ? null : passed / judged;
}

function shareOf(pairs: readonly Pair[]): number {
  const possible = sum(pairs, (pair) => pair.price);
  return possible === 0 ? 0 : sum(pairs, (pair) => pair.gain) / possible;
}
