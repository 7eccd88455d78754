/** Equal work asked for many times at once is done once. The work is cancelled when nobody waits for it any more. */
import { AssayError } from '../contracts/index.ts';

interface Flight {
  promise: Promise<unknown>;
  waiting: number;
  controller: AbortController;
}

export class SingleFlight {
  private readonly flights = new Map<string, Flight>();

  /** `work` runs under a signal of its own. Rejects with `cancelled` for a caller whose signal aborts, while others go on waiting. */
  async run<T>(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (signal.aborted) throw cancelled();
    let flight = this.flights.get(key);
    if (flight === undefined) {
      const controller = new AbortController();
      const promise = work(controller.signal).finally(() => {
        if (this.flights.get(key) === flight) this.flights.delete(key);
      });
      promise.catch(() => {}); // every caller gets the rejection; with none left it has nobody to go to
      flight = { promise, waiting: 0, controller };
      this.flights.set(key, flight);
    }
    const mine = flight;
    mine.waiting++;
    let abort = () => {};
    const aborted = new Promise<never>((_, reject) => {
      abort = () => reject(cancelled());
      signal.addEventListener('abort', abort, { once: true });
    });
    try {
      return (await Promise.race([mine.promise, aborted])) as T;
    } finally {
      signal.removeEventListener('abort', abort);
      if (--mine.waiting === 0 && signal.aborted) {
        // Out of the table at once: a later caller must not join work that is being cancelled.
        if (this.flights.get(key) === mine) this.flights.delete(key);
        mine.controller.abort();
      }
    }
  }
}

function cancelled(): AssayError {
  return new AssayError('cancelled', 'the build was cancelled', { class: 'cancelled', retryable: true });
}
