/**
 * Critics that know nothing of quality, and one that knows everything: every curve of a real critic stands between them. `majority` votes among attempts and is
 * no critic of one attempt: see `choose.ts`.
 */
import { keyedUniform } from '../base/keyed-uniform.ts';
import type { Critic, Trajectory } from '../contracts/index.ts';

/** Scores without cost or turns. */
function baseline(name: string, score: (trajectory: Trajectory) => number, calibrated = false): Critic {
  return {
    name,
    calibrated,
    score: async (trajectory) => ({
      perTurn: [],
      final: score(trajectory),
      cost: { kind: 'measured', usd: 0 },
    }),
    close: async () => {},
  };
}

/** Knows the verdict: 1 when resolved, 0 otherwise. `resolved` looks it up; an attempt without a verdict counts as not resolved. */
export function oracleCritic(resolved: (trajectory: Trajectory) => boolean): Critic {
  return baseline('oracle', (trajectory) => (resolved(trajectory) ? 1 : 0), true);
}

/** Uniform in [0, 1), by the seed and the attempt alone. */
export function randomCritic(seed: number): Critic {
  return baseline('random', ({ runId, instanceId, attempt }) =>
    keyedUniform(`${seed}\0${runId}\0${instanceId}\0${attempt}`),
  );
}

/** The earliest attempt is the best. */
export const firstCritic: Critic = baseline('first', ({ attempt }) => -attempt);

/** The latest attempt is the best. */
export const lastCritic: Critic = baseline('last', ({ attempt }) => attempt);

/** The attempt with the fewest assistant turns is the best: long attempts are often lost ones. */
export const shortestCritic: Critic = baseline(
  'shortest',
  ({ messages }) => -messages.filter((message) => message.role === 'assistant').length,
);
