/** Ctrl-C once finishes the steps under way, twice stops at once. */
import { RunControl } from '../run/run-control.ts';

/** A control that SIGINT and SIGTERM drive until `dispose`. */
export function interruptible(say: (line: string) => void): {
  control: RunControl;
  interrupted(): boolean;
  dispose(): void;
} {
  const control = new RunControl();
  let count = 0;
  const onSignal = () => {
    count++;
    if (count === 1) {
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
