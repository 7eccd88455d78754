/** What choosing without reading earns. Always printed beside a result: on real proposals the longest is right more often than by chance. Pure. */
import type { ManagerTask } from '../../contracts/index.ts';

export interface Baseline {
  name: 'random' | 'first' | 'longest' | 'last';
  /** Tasks answered as in history; an expected number for `random`. */
  right: number;
  /** Dollars. */
  earned: number;
}

type Choose = (task: ManagerTask) => string | undefined;

/** `first` and `last` are those of the data set's own order, which no agent sees. */
const CHOICES: Readonly<Record<Exclude<Baseline['name'], 'random'>, Choose>> = {
  first: ({ proposals }) => proposals[0]?.id,
  longest: ({ proposals }) =>
    proposals.reduce((best, one) => (one.text.length > best.text.length ? one : best), { id: '', text: '' }).id,
  last: ({ proposals }) => proposals.at(-1)?.id,
};

export function choiceBaselines(tasks: readonly ManagerTask[]): Baseline[] {
  const chance = (task: ManagerTask) => 1 / task.proposals.length;
  const random = { name: 'random' as const, right: sum(tasks, chance), earned: sum(tasks, (t) => t.price * chance(t)) };
  const fixed = (['first', 'longest', 'last'] as const).map((name) => {
    const right = tasks.filter((task) => CHOICES[name](task) === task.answer);
    return { name, right: right.length, earned: sum(right, (task) => task.price) };
  });
  return [random, ...fixed];
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
