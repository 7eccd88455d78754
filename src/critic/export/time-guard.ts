/** Keeps attempts at instances from after a date out of training data: a critic that is measured on later issues must not have seen them. Pure. */
import type { CreationDates } from '../data/creation-dates.ts';
import type { GradedAttempt } from '../data/load-attempts.ts';

export interface TimeGuard {
  /** Milliseconds since 1970; instances made at this moment or later stay out. */
  before: number;
  dates: CreationDates;
}

export interface TimeGuarded {
  kept: GradedAttempt[];
  /** Left out because their instance was made too late. */
  later: number;
  /** Left out because nobody says when their instance was made. */
  undated: number;
}

export function guardTime(attempts: readonly GradedAttempt[], { before, dates }: TimeGuard): TimeGuarded {
  const guarded: TimeGuarded = { kept: [], later: 0, undated: 0 };
  for (const attempt of attempts) {
    const made = dates.get(attempt.trajectory.instanceId);
    if (made === undefined) guarded.undated++;
    else if (made >= before) guarded.later++;
    else guarded.kept.push(attempt);
  }
  return guarded;
}
