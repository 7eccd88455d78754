/** What a failure means for an attempt and for the run. One place, so that solving, grading and building agree. */
import type { Failure, FailureCode } from '../contracts/index.ts';

/** Failures of class `model` that are the model's own doing: what it has done up to there is graded. All others are the provider's or the line's. */
const OWN_DOING: ReadonlySet<FailureCode> = new Set([
  'model-refusal',
  'model-context-overflow',
  'model-reply-malformed',
]);

/** The next attempt would meet them too. */
const STOPS_RUN: ReadonlySet<FailureCode> = new Set([
  'model-auth',
  'model-key-missing',
  'model-unknown',
  'model-price-unknown',
  'sandbox-unavailable',
  'disk-full',
]);

const BACKEND: ReadonlySet<FailureCode> = new Set(['sandbox-unavailable', 'sandbox-create-failed', 'sandbox-died']);

/** True when the work of an agent that failed so is graded; false when the failure says nothing about the agent. */
export function isGradable(failure: Failure | undefined): boolean {
  if (failure === undefined || failure.class === 'limit') return true;
  return failure.class === 'model' && OWN_DOING.has(failure.code);
}

/** True when a fresh sandbox may help. */
export function isRetriedHere(failure: Failure): boolean {
  return failure.class === 'infra' && failure.retryable !== false && !STOPS_RUN.has(failure.code);
}

/** True when the run as a whole stops. A cost limit does when it is the run's budget, not that of one attempt. */
export function stopsRun(failure: Failure): boolean {
  return STOPS_RUN.has(failure.code) || (failure.code === 'limit-cost' && failure.details?.scope === 'run');
}

/** True when the backend itself may be gone. */
export function pointsAtBackend(failure: Failure): boolean {
  return BACKEND.has(failure.code);
}
