/** Retries what may go away: exponential back-off with full jitter, honouring the wait the provider asks for; bounded in tries and in total wait. */
import { AssayError, type Failure, type Model, type ModelReply, toFailure } from '../contracts/index.ts';
import { abortableSleep } from './abortable-sleep.ts';
import { wrapModel } from './wrap-model.ts';

export interface RetryOptions {
  /** Tries in all. Default 12. */
  tries?: number;
  /** Milliseconds of waiting in all before giving up. Default 30 min. */
  maxWaitMs?: number;
  /** Longest first wait, in milliseconds, and longest wait of all; it doubles with each try. Defaults 1,000 and 60,000. */
  baseMs?: number;
  capMs?: number;
  /** For tests. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  random?: () => number;
}

/** Every failed try stands in `retries` of the reply. What is not of class `model`, or not retryable, is thrown on at once. */
export function retryingModel(inner: Model, options: RetryOptions = {}): Model {
  const {
    tries = 12,
    maxWaitMs = 1_800_000,
    baseMs = 1_000,
    capMs = 60_000,
    sleep = abortableSleep,
    random = Math.random,
  } = options;
  return wrapModel(inner, {
    async complete(request, call): Promise<ModelReply> {
      const retries: ModelReply['retries'] = [];
      let waited = 0;
      for (;;) {
        try {
          const reply = await inner.complete(request, call);
          return { ...reply, retries: [...retries, ...reply.retries] };
        } catch (thrown) {
          const failure = toFailure(thrown);
          if (failure.class !== 'model' || failure.retryable !== true || call.signal.aborted) throw thrown;
          const asked = failure.details?.retryAfterMs;
          const backoff = Math.min(capMs, baseMs * 2 ** retries.length);
          // Full jitter above the wait that was asked for, so that many workers do not come back at once.
          const waitMs = typeof asked === 'number' ? asked + random() * Math.min(1_000, baseMs) : random() * backoff;
          if (retries.length + 1 >= tries || waited + waitMs > maxWaitMs) throw exhausted(thrown, failure, retries);
          retries.push({ failure, waitedMs: waitMs });
          waited += waitMs;
          await sleep(waitMs, call.signal);
        }
      }
    },
  });
}

/** The last failure, with those before it in its details. */
function exhausted(cause: unknown, last: Failure, before: ModelReply['retries']): AssayError {
  return new AssayError(last.code, `${last.message} (after ${before.length + 1} tries)`, {
    class: 'model',
    retryable: true,
    cause,
    hint: 'Resume the run later: nothing that was paid for is asked for again.',
    details: { ...last.details, before: before.map(({ failure, waitedMs }) => ({ code: failure.code, waitedMs })) },
  });
}
