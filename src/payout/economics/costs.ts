/** What the attempts cost, failed ones included. Pure. Worked example: docs/payouts.md. */
import { sum, type TaskOutcome } from './priced-outcome.ts';

export interface Costs {
  attempts: number;
  /** Dollars that are known; "at least" when `unknown` is not 0. */
  usd: number;
  /** Attempts without a known cost. */
  unknown: number;
  /** The following are null when a cost is unknown or there is nothing to divide by. */
  perAttempt: number | null;
  /** Per attempt that passed; a task may pass more than once. */
  perPassed: number | null;
  /** Dollars spent per dollar earned, earned as a mean over the attempts of a task. */
  perEarnedDollar: number | null;
}

export function costsOf(tasks: readonly TaskOutcome[]): Costs {
  const attempts = tasks.flatMap((task) => task.attempts);
  const known = attempts.filter((one) => one.costUsd !== null);
  const usd = sum(known, (one) => one.costUsd ?? 0);
  const unknown = attempts.length - known.length;
  const per = (count: number) => (unknown > 0 || count === 0 ? null : usd / count);
  const paid = sum(tasks, (task) => task.price * task.attempts.filter((one) => one.passed === true).length);
  return {
    attempts: attempts.length,
    usd,
    unknown,
    perAttempt: per(attempts.length),
    perPassed: per(attempts.filter((one) => one.passed === true).length),
    perEarnedDollar: per(paid),
  };
}
