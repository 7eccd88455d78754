/** Dollars of one run, shared by all its workers. */
import { AssayError } from '../contracts/index.ts';

interface Waiting {
  usd: number;
  go(): void;
  fail(error: AssayError): void;
}

/** Where money is set aside before a call and booked after it. */
export type Spending = Pick<Budget, 'reserve' | 'settle'>;

export class Budget {
  private settled: number;
  private reserved = 0;
  private readonly limitUsd: number;
  private readonly queue: Waiting[] = [];

  /** `spentUsd`: what the run has cost before, when it is resumed. */
  constructor(limitUsd: number, spentUsd = 0) {
    this.limitUsd = limitUsd;
    this.settled = spentUsd;
  }

  get spentUsd(): number {
    return this.settled;
  }

  get reservedUsd(): number {
    return this.reserved;
  }

  /**
   * Resolves when `usd` is set aside; settled and reserved money together never exceed the limit. Callers wait in order while reservations of others may still be given back.
   * Throws `limit-cost` when what is spent leaves no room, `cancelled` when the signal is aborted.
   */
  async reserve(usd: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) throw cancelled();
    if (this.queue.length === 0 && this.fits(usd)) {
      this.reserved += usd;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const leave = () => signal?.removeEventListener('abort', abort);
      const waiting: Waiting = {
        usd,
        go: () => {
          leave();
          resolve();
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      const abort = () => {
        this.queue.splice(this.queue.indexOf(waiting), 1);
        waiting.fail(cancelled());
        this.advance();
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.queue.push(waiting);
      this.advance();
    });
  }

  /** Gives a reservation back and books what the call cost. */
  settle(reservedUsd: number, usd: number): void {
    this.reserved = Math.max(0, this.reserved - reservedUsd);
    // Sums of fractions leave dust behind, which must not keep the last caller waiting.
    if (this.reserved < 1e-9) this.reserved = 0;
    this.settled += usd;
    this.advance();
  }

  private fits(usd: number): boolean {
    return this.settled + this.reserved + usd <= this.limitUsd;
  }

  /** Lets in from the front of the queue who fits, and turns away who cannot fit any more. */
  private advance(): void {
    for (let first = this.queue[0]; first !== undefined; first = this.queue[0]) {
      const hopeless = this.settled + first.usd > this.limitUsd;
      if (!hopeless && !this.fits(first.usd)) return;
      this.queue.shift();
      if (hopeless) {
        first.fail(this.exhausted());
      } else {
        this.reserved += first.usd;
        first.go();
      }
    }
  }

  private exhausted(): AssayError {
    return new AssayError(
      'limit-cost',
      `the budget of $${this.limitUsd} does not cover another call: $${this.settled.toFixed(4)} are spent, $${this.reserved.toFixed(4)} reserved`,
      {
        class: 'limit',
        retryable: false,
        hint: 'Raise --budget and resume the run.',
        // Tells the run's budget from the cost limit of one attempt: this one stops the run.
        details: { scope: 'run' },
      },
    );
  }
}

function cancelled(): AssayError {
  return new AssayError('cancelled', 'the wait for the budget was cancelled', { class: 'cancelled', retryable: true });
}
