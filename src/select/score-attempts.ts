/** Scores stored attempts with a critic. What a critic cannot score is no score, never an invented one. */

import { mapLimited } from '../base/map-limited.ts';
import { type Critic, type Failure, toFailure } from '../contracts/index.ts';
import { loadTrajectory } from '../store/load-trajectory.ts';
import type { StoredAttempt } from './stored-attempts.ts';

export interface Scores {
  critic: string;
  /** Whether the values are probabilities; else only their order among the attempts of one instance means something. */
  calibrated: boolean;
  values: Map<StoredAttempt, number>;
  /** Dollars of known cost; `unknownCosts` scores had none. */
  usd: number;
  unknownCosts: number;
  failures: { attempt: StoredAttempt; failure: Failure }[];
  /** Of scores that come from comparisons in pairs. */
  tournament?: TournamentCounts;
}

/** What became of the pairs that a judge was asked about. */
export interface TournamentCounts {
  /** Asked in both orders, with an answer to each. */
  pairs: number;
  /** Of these, in which the judge preferred the same place both times. */
  contradictions: number;
  /** Without an answer in one order or both: they count for nobody. */
  unanswered: number;
}

const SCORES_AT_A_TIME = 8;

/** Throws only `cancelled`, and what the store throws when an attempt's own log cannot be read. */
export async function scoreAttempts(
  critic: Critic,
  attempts: readonly StoredAttempt[],
  signal: AbortSignal,
): Promise<Scores> {
  const scores: Scores = {
    critic: critic.name,
    calibrated: critic.calibrated,
    values: new Map(),
    usd: 0,
    unknownCosts: 0,
    failures: [],
  };
  await mapLimited(attempts, SCORES_AT_A_TIME, async (attempt) => {
    const trajectory = await loadTrajectory(attempt.run, attempt.record);
    try {
      const { final, cost } = await critic.score(trajectory, { signal });
      scores.values.set(attempt, final);
      if (cost.kind === 'unknown') scores.unknownCosts++;
      else scores.usd += cost.usd;
    } catch (error) {
      signal.throwIfAborted();
      scores.failures.push({ attempt, failure: toFailure(error) });
    }
  });
  return scores;
}
