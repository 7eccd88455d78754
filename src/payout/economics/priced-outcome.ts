/** What economics starts from: a task with its price and what became of each attempt. */
import type { TaskKind } from '../../contracts/index.ts';

export interface AttemptOutcome {
  /** Null: the infrastructure failed; says nothing about the agent and earns nothing. */
  passed: boolean | null;
  /** The same without repeated test runs: passed on the first of them. */
  passedAtOnce: boolean | null;
  /** Dollars for the model; null when unknown. */
  costUsd: number | null;
}

/** One task of a run with all of its attempts. */
export interface TaskOutcome {
  id: string;
  kind: TaskKind;
  group: string;
  /** Dollars. */
  price: number;
  categories: readonly string[];
  attempts: readonly AttemptOutcome[];
}

/** Attempts with a verdict, and those of them that passed. */
export function tally({ attempts }: Pick<TaskOutcome, 'attempts'>): { judged: number; passed: number } {
  const judged = attempts.filter((one) => one.passed !== null);
  return { judged: judged.length, passed: judged.filter((one) => one.passed).length };
}

export function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
