/** Ctrl-C once finishes the steps under way, twice stops at once; or once stops at once, where nothing is lost by it. */
import { RunControl } from '../run/run-control.ts';

/** A control that SIGINT and SIGTERM drive until `dispose`. `atOnce`: the first of them aborts, for work that cannot be resumed. */
export function interruptible(
  say: (line: string) => void,
  { atOnce = false } = {},
): {
  control: RunControl;
  interrupted(): boolean;
  dispose(): void;
} {
  const control = new RunControl();
  let count = 0;
  const onSignal = () => {
    count++;
    if (atOnce) {
      if (count === 1) say('stopping; what is under way is not counted');
      control.abort();
    } else if (count === 1) {
      say('stopping after the steps under way; press Ctrl-C again to stop now');
      control.pause();
    } else control.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    control,
    interrupted: () => count > 0,
    dispose() {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    },
  };
}

/** Runs work that has nothing to finish first: the first SIGINT or SIGTERM aborts its signal. */
export async function withInterrupt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  process.on('SIGINT', abort).on('SIGTERM', abort);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', abort).off('SIGTERM', abort);
  }
}
