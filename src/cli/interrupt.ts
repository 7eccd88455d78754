/**
 * Ctrl-C once finishes the steps under way, twice stops at once; or once stops at once, where nothing is lost by it. `PAUSE_SIGNAL` finishes the steps under way however often it comes:
 * for programs that cannot know who has asked before.
 */
import { AssayError } from '../contracts/index.ts';
import { RunControl } from '../run/run-control.ts';

export const PAUSE_SIGNAL = 'SIGUSR2';

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
  const onPause = () => (count === 0 ? onSignal() : undefined);
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on(PAUSE_SIGNAL, onPause);
  return {
    control,
    interrupted: () => count > 0,
    dispose() {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal).off(PAUSE_SIGNAL, onPause);
    },
  };
}

/**
 * Runs work that has nothing to finish first: the first SIGINT or SIGTERM aborts its signal. Throws `cancelled` then, which names the signal and says what is `left` of the work.
 */
export async function withInterrupt<T>(work: (signal: AbortSignal) => Promise<T>, left?: string): Promise<T> {
  const controller = new AbortController();
  const abort = (name: NodeJS.Signals) => {
    const message = `stopped by ${name}${left === undefined ? '' : `: ${left}`}`;
    controller.abort(new AssayError('cancelled', message, { class: 'cancelled', retryable: true }));
  };
  process.on('SIGINT', abort).on('SIGTERM', abort);
  try {
    return await work(controller.signal);
  } catch (error) {
    // Whatever the work made of it, this is why it ended.
    if (controller.signal.aborted) throw controller.signal.reason;
    throw error;
  } finally {
    process.off('SIGINT', abort).off('SIGTERM', abort);
  }
}
