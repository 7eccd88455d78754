/** One signal for "stop now": the caller's abort, or the end of the attempt's wall time. */

/** The longest wait a timer takes, about 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class Deadline {
  private readonly outer: AbortSignal;
  private readonly controller = new AbortController();
  private readonly forward = () => this.controller.abort(this.outer.reason);
  private timer: NodeJS.Timeout | undefined;
  private armedAt: number | undefined;
  private isPassed = false;

  constructor(outer: AbortSignal) {
    this.outer = outer;
    outer.addEventListener('abort', this.forward, { once: true });
    if (outer.aborted) this.forward();
  }

  /** Aborts with the caller's signal and when the time is over. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** True when the time is over, whatever else happened. */
  get passed(): boolean {
    return this.isPassed;
  }

  /** Starts the time; later calls change nothing. */
  arm(milliseconds: number): void {
    if (this.armedAt !== undefined) return;
    this.armedAt = performance.now();
    this.timer = setTimeout(
      () => {
        this.isPassed = true;
        this.controller.abort();
      },
      Math.min(Math.max(0, milliseconds), MAX_TIMER_MS),
    );
  }

  /** Milliseconds since `arm`; 0 before. */
  get elapsedMs(): number {
    return this.armedAt === undefined ? 0 : performance.now() - this.armedAt;
  }

  /** Stops the timer and lets go of the caller's signal. */
  close(): void {
    clearTimeout(this.timer);
    this.outer.removeEventListener('abort', this.forward);
  }
}
