/** A finished attempt in numbers: all that selection curves need of it. */
export interface CurveAttempt {
  attempt: number;
  resolved: boolean;
  /** What the attempt cost, critics not included; null when unknown. */
  usd: number | null;
  /** Equal keys are equal patches; null for an empty one, which has no vote. */
  vote: string | null;
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
