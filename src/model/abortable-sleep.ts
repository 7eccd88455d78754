/** Waits `ms` milliseconds. Throws `cancelled` when the signal is aborted, also before. */
import { AssayError } from '../contracts/index.ts';

export function abortableSleep(ms: number, signal: AbortSignal): Promise<void> {
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
