/** What a set is worth: by kind, and with each bounty counted once. Pure. */
import type { PricedTask, TaskKind } from '../contracts/index.ts';

export interface Total {
  tasks: number;
  /** Dollars. */
  dollars: number;
}

export interface PriceTotals {
  byKind: Record<TaskKind, Total>;
  all: Total;
  /** Groups that are paid for more than once: `dollars` is what stands in `all` beyond the dearest task of each group. */
  countedTwice: Total;
  /** `all` without `countedTwice`: one task per group. */
  once: Total;
}

type Priced = Pick<PricedTask, 'kind' | 'price' | 'group'>;

export function priceTotals(tasks: readonly Priced[]): PriceTotals {
  const dearest = new Map<string, number>();
  for (const { group, price } of tasks) dearest.set(group, Math.max(price, dearest.get(group) ?? 0));
  const all = total(tasks);
  const once = { tasks: dearest.size, dollars: [...dearest.values()].reduce((a, b) => a + b, 0) };
  return {
    byKind: {
      ic: total(tasks.filter((task) => task.kind === 'ic')),
      manager: total(tasks.filter((task) => task.kind === 'manager')),
    },
    all,
    countedTwice: { tasks: all.tasks - once.tasks, dollars: all.dollars - once.dollars },
    once,
  };
}

function total(tasks: readonly Priced[]): Total {
  return { tasks: tasks.length, dollars: tasks.reduce((sum, task) => sum + task.price, 0) };
}
