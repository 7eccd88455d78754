/**
 * Two runs over the same tasks: how much more of the money the first earns. The tasks are drawn again in pairs, groups together (percentile bootstrap), so what makes a task easy
 * for both cancels out; then the attempts of each run. For ablations: price shown or not, user tool or not, effort. Pure; the same seed gives the same interval.
 */
import { type Interval, wilson } from '../../stats/intervals.ts';
import { type SeededRandom, seededRandom } from '../../stats/seeded-random.ts';
import { concentration } from './concentration.ts';
import { sum, type TaskOutcome } from './priced-outcome.ts';
import { passesOf, rateOf, redrawnRate } from './redrawn-rate.ts';

export interface EarnedDifference {
  /** Tasks with a verdict in both. */
  tasks: number;
  /** Dollars of these tasks. */
  possible: number;
  /**
   * Share of them earned by the first less that by the second; 95 % interval, [-1, 1] for fewer than two groups. Where nothing varies that could be drawn again, the interval
   * allows for as many tasks of another kind as Wilson's interval for the effective number of groups does.
   */
  share: Interval;
}

/** A task with the verdicts of both runs, at least one each. */
interface Pair {
  price: number;
  first: boolean[];
  second: boolean[];
}

type Rate = (passes: readonly boolean[]) => number;

export function earnedDifference(
  first: readonly TaskOutcome[],
  second: readonly TaskOutcome[],
  { resamples = 2_000, seed = 1 } = {},
): EarnedDifference {
  const groups = pairsByGroup(first, second);
  const pairs = groups.flat();
  const value = gain(pairs, rateOf);
  const result = { tasks: pairs.length, possible: sum(pairs, (pair) => pair.price) };
  if (groups.length < 2) return { ...result, share: { value, low: -1, high: 1 } };
  if (nothingVaries(groups)) return { ...result, share: { value, ...unseen(value, groups) } };
  const random = seededRandom(seed);
  const shares = Array.from({ length: resamples }, () => redrawnGain(groups, random)).sort((a, b) => a - b);
  const quantile = (q: number) => shares[Math.floor(q * resamples)] ?? value;
  return { ...result, share: { value, low: quantile(0.025), high: quantile(0.975) } };
}

function pairsByGroup(first: readonly TaskOutcome[], second: readonly TaskOutcome[]): Pair[][] {
  const others = new Map(second.map((task) => [task.id, passesOf(task)]));
  const groups = new Map<string, Pair[]>();
  for (const task of first) {
    const [mine, theirs = []] = [passesOf(task), others.get(task.id)];
    if (mine.length === 0 || theirs.length === 0) continue;
    const pair = { price: task.price, first: mine, second: theirs };
    groups.set(task.group, [...(groups.get(task.group) ?? []), pair]);
  }
  return [...groups.values()];
}

function gain(pairs: readonly Pair[], rate: Rate): number {
  const possible = sum(pairs, (pair) => pair.price);
  return possible === 0 ? 0 : sum(pairs, (pair) => pair.price * (rate(pair.first) - rate(pair.second))) / possible;
}

function redrawnGain(groups: readonly Pair[][], random: SeededRandom): number {
  const drawn = groups.flatMap(() => groups[random.below(groups.length)] ?? []);
  return gain(drawn, (passes) => redrawnRate(passes, random));
}

/** The same difference on every task, and each task all or nothing in each run. */
function nothingVaries(groups: readonly Pair[][]): boolean {
  const steady = (passes: readonly boolean[]) => passes.every((passed) => passed === passes[0]);
  const pairs = groups.flat();
  const differences = new Set(pairs.map((pair) => rateOf(pair.first) - rateOf(pair.second)));
  return differences.size === 1 && pairs.every((pair) => steady(pair.first) && steady(pair.second));
}

/** Of a share up to `other` of the money nothing was seen: it may differ either way. */
function unseen(value: number, groups: readonly Pair[][]): { low: number; high: number } {
  const { effectiveTasks } = concentration(groups.map((group) => sum(group, (pair) => pair.price)));
  const other = 1 - wilson(effectiveTasks, effectiveTasks).low;
  return { low: value * (1 - other) - other, high: value * (1 - other) + other };
}
