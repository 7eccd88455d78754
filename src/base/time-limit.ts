/** Work that never yields, such as matching a pattern, with an end. */
import { createContext, Script } from 'node:vm';

const RUN = new Script('result = work()');

/** Runs synchronous work and ends it after `milliseconds`, also in the middle of a regular expression. Throws what the work throws, and `ERR_SCRIPT_EXECUTION_TIMEOUT`. */
export function withTimeLimit<T>(milliseconds: number, work: () => T): T {
  const room: { work: () => T; result?: T } = { work };
  RUN.runInContext(createContext(room), { timeout: milliseconds });
  return room.result as T;
}
