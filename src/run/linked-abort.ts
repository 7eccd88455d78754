/** A signal that follows another one and ends by itself after a time. */
export interface LinkedAbort {
  signal: AbortSignal;
  /** True when the time was over, not when the other signal was aborted. */
  readonly timedOut: boolean;
  /** Lets go of the other signal and the timer. */
  dispose(): void;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function linkedAbort(parent: AbortSignal, milliseconds: number): LinkedAbort {
  const controller = new AbortController();
  let timedOut = false;
  const follow = () => controller.abort(parent.reason);
  const timer = setTimeout(
    () => {
      timedOut = true;
      controller.abort();
    },
    Math.min(milliseconds, LONGEST_TIMER_MS),
  );
  if (parent.aborted) follow();
  else parent.addEventListener('abort', follow);
  return {
    signal: controller.signal,
    get timedOut() {
      return timedOut;
    },
    dispose() {
      clearTimeout(timer);
      parent.removeEventListener('abort', follow);
    },
  };
}
