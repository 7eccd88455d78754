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
