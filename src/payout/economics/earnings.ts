/**
 * Earned of possible, over all tasks and by kind, category and price band. Several attempts of one task earn their mean, never their sum. Pure.
 * Worked example: docs/payouts.md.
 */
import { bandOf, PRICE_BANDS } from './price-bands.ts';
import { type AttemptOutcome, sum, type TaskOutcome } from './priced-outcome.ts';

export interface Earnings {
  /** With a verdict. */
  tasks: number;
  /** Dollars; tasks without any verdict are not in it. */
  earned: number;
  /** Dollars of the tasks that have a verdict. */
  possible: number;
  /** `earned / possible`; 0 when nothing was possible. */
  share: number;
  /** With failures of the infrastructure as failures of the agent: of all tasks with an attempt that ended. */
  strict: { earned: number; possible: number; share: number };
  /** Dollars when only the first run of the tests counts. */
  earnedAtOnce: number;
  infraFailures: number;
}

export interface EarningsByCut {
  all: Earnings;
  byKind: Record<string, Earnings>;
  byCategory: Record<string, Earnings>;
  byBand: Record<string, Earnings>;
}

export function earningsByCut(tasks: readonly TaskOutcome[]): EarningsByCut {
  return {
    all: earnings(tasks),
    byKind: cut(tasks, (task) => [task.kind]),
    byCategory: cut(tasks, (task) => task.categories),
    byBand: cut(
      tasks,
      (task) => [bandOf(task.price)],
      PRICE_BANDS.map((band) => band.name),
    ),
  };
}

export function earnings(tasks: readonly TaskOutcome[]): Earnings {
  const judged = tasks.filter((task) => task.attempts.some((one) => one.passed !== null));
  const earned = sum(judged, (task) => task.price * rate(task.attempts, (one) => one.passed));
  const possible = sum(judged, (task) => task.price);
  const ended = tasks.filter((task) => task.attempts.length > 0);
  const strictEarned = sum(ended, (task) => task.price * rate(task.attempts, (one) => one.passed ?? false));
  const all = sum(ended, (task) => task.price);
  return {
    tasks: judged.length,
    earned,
    possible,
    share: ratio(earned, possible),
    strict: { earned: strictEarned, possible: all, share: ratio(strictEarned, all) },
    earnedAtOnce: sum(judged, (task) => task.price * rate(task.attempts, (one) => one.passedAtOnce)),
    infraFailures: sum(tasks, (task) => task.attempts.filter((one) => one.passed === null).length),
  };
}

/** Share of the attempts with a value for which it is true. */
function rate(attempts: readonly AttemptOutcome[], value: (one: AttemptOutcome) => boolean | null): number {
  const values = attempts.map(value).filter((one) => one !== null);
  return ratio(values.filter(Boolean).length, values.length);
}

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

function cut(
  tasks: readonly TaskOutcome[],
  names: (task: TaskOutcome) => readonly string[],
  order?: readonly string[],
): Record<string, Earnings> {
  const parts = new Map<string, TaskOutcome[]>();
  for (const task of tasks) for (const name of names(task)) parts.set(name, [...(parts.get(name) ?? []), task]);
  const sorted = (order ?? [...parts.keys()].sort()).filter((name) => parts.has(name));
  return Object.fromEntries(sorted.map((name) => [name, earnings(parts.get(name) ?? [])]));
}
