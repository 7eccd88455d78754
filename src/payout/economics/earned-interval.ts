/**
 * 95 % interval of the share of money earned: percentile bootstrap over groups (tasks of one bounty stay together), then over the attempts of each task. Pure;
 * the same seed gives the same interval. Source: Davison and Hinkley (1997), Bootstrap Methods and their Application, 3.8 (hierarchical data).
 */
import { type Interval, wilson } from '../../stats/intervals.ts';
import { seededRandom } from '../../stats/seeded-random.ts';
import { concentration } from './concentration.ts';
import { sum, type TaskOutcome } from './priced-outcome.ts';
import { passesOf, rateOf, redrawnRate } from './redrawn-rate.ts';

export interface IntervalOptions {
  resamples?: number;
  seed?: number;
  /** Prices above count as this much: how the share looks without the few dearest tasks' weight. */
  cap?: number;
}

/** [0, 1] for fewer than two groups; Wilson's interval for the effective number of groups when all or nothing passed. Tasks without a verdict are left out. */
export function earnedInterval(tasks: readonly TaskOutcome[], options: IntervalOptions = {}): Interval {
  const { resamples = 2_000, seed = 1, cap = Number.POSITIVE_INFINITY } = options;
  const groups = groupsOf(tasks, cap);
  const value = shareOf(groups, (one) => rateOf(one.passes));
  if (groups.length < 2) return { value, low: 0, high: 1 };
  // Nothing that varies can be drawn again: as many trials as the prices are worth.
  if (value === 0 || value === 1) return wilsonOfEffective(value, groups);
  const random = seededRandom(seed);
  const shares = Array.from({ length: resamples }, () => {
    const drawn = groups.map(() => groups[random.below(groups.length)] ?? []);
    return shareOf(drawn, (one) => redrawnRate(one.passes, random));
  }).sort((a, b) => a - b);
  const quantile = (q: number) => shares[Math.min(resamples - 1, Math.floor(q * resamples))] ?? value;
  return { value, low: quantile(0.025), high: quantile(0.975) };
}

function wilsonOfEffective(value: number, groups: readonly Judged[][]): Interval {
  const { effectiveTasks } = concentration(groups.map((group) => sum(group, (one) => one.price)));
  return wilson(value * effectiveTasks, effectiveTasks);
}

interface Judged {
  price: number;
  passes: boolean[];
}

function groupsOf(tasks: readonly TaskOutcome[], cap: number): Judged[][] {
  const groups = new Map<string, Judged[]>();
  for (const task of tasks) {
    const passes = passesOf(task);
    if (passes.length === 0) continue;
    groups.set(task.group, [...(groups.get(task.group) ?? []), { price: Math.min(cap, task.price), passes }]);
  }
  return [...groups.values()];
}

function shareOf(groups: readonly Judged[][], rate: (one: Judged) => number): number {
  const tasks = groups.flat();
  const possible = sum(tasks, (one) => one.price);
  return possible === 0 ? 0 : sum(tasks, (one) => one.price * rate(one)) / possible;
}
