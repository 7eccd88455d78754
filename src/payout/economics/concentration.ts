/** How few tasks hold the money: then dollars say less than the number of tasks suggests. Pure. Worked example: docs/payouts.md. */
import { sum } from './priced-outcome.ts';

export interface Concentration {
  /** Share of all money in the dearest 1, 5 and 10 tasks. */
  top: { count: number; share: number }[];
  /** (sum v)^2 / sum v^2: so many tasks of one price would make the share of money as uncertain (Kish 1965). */
  effectiveTasks: number;
  /** Null when nothing is wrong. */
  warning: string | null;
}

const TOP_COUNT = 5;
const TOP_SHARE = 0.3;

export function concentration(prices: readonly number[]): Concentration {
  const all = sum(prices, (price) => price);
  const sorted = [...prices].sort((a, b) => b - a);
  const shareOf = (count: number) => (all === 0 ? 0 : sum(sorted.slice(0, count), (price) => price) / all);
  const effectiveTasks = all === 0 ? 0 : all ** 2 / sum(prices, (price) => price ** 2);
  const share = shareOf(TOP_COUNT);
  const uneven = share > TOP_SHARE && effectiveTasks < prices.length / 2;
  const warning = uneven
    ? `${TOP_COUNT} of ${prices.length} tasks hold ${(100 * share).toFixed(1)} % of the money: shares of money are as uncertain as those of ${effectiveTasks.toFixed(1)} tasks`
    : null;
  return { top: [1, 5, 10].map((count) => ({ count, share: shareOf(count) })), effectiveTasks, warning };
}
