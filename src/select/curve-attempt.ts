import type { Candidate } from './candidate.ts';

/** A finished attempt with its verdict: what selection curves are made of. */
export interface CurveAttempt extends Candidate {
  resolved: boolean;
  /** What the attempt cost, critics not included; null when unknown. */
  usd: number | null;
  /** By the name of the critic; null when it could give none, which ranks last. */
  scores: Readonly<Record<string, number | null>>;
  /** Model calls. */
  steps: number;
}

export interface CurveInstance {
  instanceId: string;
  repo: string;
  attempts: readonly CurveAttempt[];
}
