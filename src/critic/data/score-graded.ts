/** Scores of a critic beside the verdicts that it did not see. */

import { mapLimited } from '../../base/map-limited.ts';
import { type Critic, type Failure, toFailure } from '../../contracts/index.ts';
import type { GradedAttempt } from './load-attempts.ts';

export interface ScoredAttempt {
  attempt: GradedAttempt;
  score: number;
}

export interface GradedScores {
  scored: ScoredAttempt[];
  failures: { attempt: GradedAttempt; failure: Failure }[];
  /** Dollars of known cost; `unknownCosts` scores had none. */
  usd: number;
  unknownCosts: number;
}

const SCORES_AT_A_TIME = 8;

/** In the order of the attempts. Throws only `cancelled`. */
export async function scoreGraded(
  critic: Critic,
  attempts: readonly GradedAttempt[],
  signal: AbortSignal,
): Promise<GradedScores> {
  const given = await mapLimited(attempts, SCORES_AT_A_TIME, async (attempt) => {
    try {
      return { attempt, ...(await critic.score(attempt.trajectory, { signal })) };
    } catch (error) {
      signal.throwIfAborted();
      return { attempt, failure: toFailure(error) };
    }
  });
  const graded: GradedScores = { scored: [], failures: [], usd: 0, unknownCosts: 0 };
  for (const one of given) {
    if (one.failure !== undefined) graded.failures.push({ attempt: one.attempt, failure: one.failure });
    else {
      graded.scored.push({ attempt: one.attempt, score: one.final });
      if (one.cost.kind === 'unknown') graded.unknownCosts++;
      else graded.usd += one.cost.usd;
    }
  }
  return graded;
}
