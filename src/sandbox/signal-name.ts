/** Names of signals, as `kill -l` and Node write them: of several names of one number the first (SIGABRT, not SIGIOT). */
import { constants } from 'node:os';

/** `SIGTERM` for 15; `SIG64` for a number without a name here. */
export function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `SIG${number}`;
}
