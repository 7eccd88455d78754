/** How an attempt ends when something was thrown out of its loop. */
import { AssayError, type Failure, toFailure } from '../contracts/index.ts';
import type { Ending } from './judge-reply.ts';

/** Failures that stopping cannot cause: they count as what they are, also while an attempt is stopped. */
const OWN_RIGHT: ReadonlySet<string> = new Set([
  'disk-full',
  'io',
  'store-invalid',
  'script-unexpected',
  'replay-miss',
]);

/**
 * Stopped by the caller: `paused`. Stopped by the wall time: `limit`. In both cases a failure that is more than the cancellation itself is kept. A full
 * context and budgets that models enforce are limits, anything else is a failure.
 */
export function thrownEnding(
  thrown: unknown,
  stop: { aborted: boolean; deadlinePassed: boolean; wallSeconds: number },
): Ending {
  const failure = toFailure(thrown);
  if (OWN_RIGHT.has(failure.code)) return { status: 'failed', failure };
  if (stop.aborted) return { status: 'paused', ...(failure.class === 'cancelled' ? {} : { failure }) };
  if (stop.deadlinePassed) return { status: 'limit', failure: wallTime(stop.wallSeconds, failure) };
  if (failure.code === 'model-context-overflow') {
    return { status: 'limit', failure: { ...failure, code: 'limit-context', class: 'limit', retryable: false } };
  }
  return { status: failure.class === 'limit' ? 'limit' : 'failed', failure };
}

function wallTime(seconds: number, failure: Failure): Failure {
  return new AssayError('limit-wall-time', `${seconds} s are over`, {
    class: 'limit',
    retryable: false,
    ...(failure.class === 'cancelled' ? {} : { details: { failure } }),
  }).toFailure();
}
