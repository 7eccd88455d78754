/** Discrimination and calibration of probabilities, overall and per agent. Pure. */
import type { GradedAttempt } from '../data/load-attempts.ts';
import { auc, brier, expectedCalibrationError } from '../learn/metrics.ts';

export interface Measures {
  attempts: number;
  resolved: number;
  /** Null where all attempts came to the same. */
  auc: number | null;
  brier: number;
  ece: number;
}

export function measure(probabilities: readonly number[], outcomes: readonly boolean[]): Measures {
  const resolved = outcomes.filter(Boolean).length;
  return {
    attempts: outcomes.length,
    resolved,
    auc: resolved === 0 || resolved === outcomes.length ? null : auc(probabilities, outcomes),
    brier: brier(probabilities, outcomes),
    ece: expectedCalibrationError(probabilities, outcomes),
  };
}

export interface MeasuresByAgent {
  all: Measures;
  /** In the order of first appearance. */
  agents: Record<string, Measures>;
}

/** Attempts without a probability are in no figure. */
export function measureByAgent(
  attempts: readonly GradedAttempt[],
  probabilities: readonly (number | null)[],
): MeasuresByAgent {
  const known = attempts.flatMap((_, i) => (probabilities[i] == null ? [] : [i]));
  const byAgent = new Map<string, number[]>();
  for (const i of known) {
    const agent = attempts[i]?.agent ?? '';
    byAgent.set(agent, [...(byAgent.get(agent) ?? []), i]);
  }
  const of = (indexes: readonly number[]) =>
    measure(
      indexes.map((i) => probabilities[i] ?? 0),
      indexes.map((i) => attempts[i]?.resolved === true),
    );
  return {
    all: of(known),
    agents: Object.fromEntries([...byAgent].map(([agent, indexes]) => [agent, of(indexes)])),
  };
}
