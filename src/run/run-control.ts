/** Stopping a run from outside: the first Ctrl-C pauses, the second aborts. Whoever listens to signals calls these. */
import { setMaxListeners } from 'node:events';
import type { Failure } from '../contracts/index.ts';

export class RunControl {
  private readonly controller = new AbortController();
  private readonly listeners = new Set<() => void>();
  private paused = false;

  constructor() {
    setMaxListeners(0, this.controller.signal); // one listener per worker, and they are taken back
  }

  /** Finish the steps and gradings under way, begin nothing new. The run can be resumed. */
  pause(): void {
    if (this.paused) return;
    this.paused = true;
    for (const listener of this.listeners) listener();
  }

  /** Stop now: commands are killed, steps are left where they are. The run can be resumed. */
  abort(): void {
    this.pause();
    this.controller.abort();
  }

  /** True once either was called. */
  get pausing(): boolean {
    return this.paused;
  }

  /** Aborted by `abort`. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Calls back once when the run is to pause; at once when it already is. Returns how to take it back. */
  onPause(listener: () => void): () => void {
    if (this.paused) listener();
    else this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

/** The stop switch within one run: the user's control, or a failure with which going on makes no sense. */
export class RunStop {
  readonly control = new RunControl();
  private reason: Failure | null = null;
  private broken: unknown = null;
  private readonly release: (() => void)[] = [];

  constructor(outer: RunControl) {
    const abort = () => this.control.abort();
    this.release.push(outer.onPause(() => this.control.pause()));
    if (outer.signal.aborted) abort();
    outer.signal.addEventListener('abort', abort);
    this.release.push(() => outer.signal.removeEventListener('abort', abort));
  }

  /** No sense in going on (the key is refused, no sandbox can be had): attempts pause after their step. The first reason counts. */
  fail(failure: Failure): void {
    this.reason ??= failure;
    this.control.pause();
  }

  /** Events cannot be made durable any more: everything stops at once. */
  breakOff(error: unknown): void {
    this.broken ??= error;
    this.control.abort();
  }

  get failure(): Failure | null {
    return this.reason;
  }

  /** The error `breakOff` got, or null. */
  get storeError(): unknown {
    return this.broken;
  }

  /** Lets go of the outer control. */
  dispose(): void {
    for (const one of this.release) one();
  }
}

/** The stop switch of one attempt: stops with the run's and can be stopped alone; what it is told to fail with is the run's matter. */
export class AttemptStop extends RunStop {
  private readonly run: RunStop;

  constructor(run: RunStop) {
    super(run.control);
    this.run = run;
  }

  override fail(failure: Failure): void {
    this.run.fail(failure);
  }

  override breakOff(error: unknown): void {
    this.run.breakOff(error);
  }

  override get failure(): Failure | null {
    return this.run.failure;
  }

  override get storeError(): unknown {
    return this.run.storeError;
  }
}
