/** Retries what may go away: exponential back-off with full jitter, honouring the wait the provider asks for; bounded in tries and in total wait. */
import { AssayError, type Model, type ModelReply, toFailure } from '../contracts/index.ts';

export interface RetryOptions {
  /** Tries in all. Default 12. */
  tries?: number;
  /** Milliseconds of waiting in all before giving up. Default 30 min. */
  maxWaitMs?: number;
  baseMs?: number;
  capMs?: number;
  /** For tests. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  random?: () => number;
}

export function retryingModel(inner: Model, options: RetryOptions = {}): Model {
  const {
    tries = 12,
    maxWaitMs = 1_800_000,
    baseMs = 1_000,
    capMs = 60_000,
    sleep = abortableSleep,
    random = Math.random,
  } = options;
  return {
    id: inner.id,
    contextTokens: inner.contextTokens,
    close: () => inner.close(),
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
          if (retries.length + 1 >= tries || waited + waitMs > maxWaitMs)
            throw exhausted(thrown, failure.code, failure.message, retries.length + 1);
          retries.push({ failure, waitedMs: waitMs });
          waited += waitMs;
          await sleep(waitMs, call.signal);
        }
      }
    },
  };
}

function exhausted(cause: unknown, code: AssayError['code'], message: string, tries: number): AssayError {
  return new AssayError(code, `${message} (after ${tries} tries)`, {
    class: 'model',
    retryable: true,
    cause,
    hint: 'Resume the run later: nothing that was paid for is asked for again.',
  });
}

function abortableSleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new AssayError('cancelled', 'the wait was cancelled', { class: 'cancelled', retryable: true }));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
