/** A keeper in the place of one that is gone. What stands in its way, such as a full disk, may pass: the listener stays, and tries again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { toFailure } from '../../contracts/index.ts';

export interface RegainOptions<Link> {
  attach(): Promise<Link>;
  /** Ends the trying. */
  signal: AbortSignal;
  /** Told why there is none yet. */
  onNews(sentence: string): void;
  firstPauseMs?: number;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Undefined when the signal came first. Throws what only the operator can settle: failures of the class `input`. */
export async function regainKeeper<Link>(options: RegainOptions<Link>): Promise<Link | undefined> {
  const { attach, signal, onNews, firstPauseMs = FIRST_PAUSE_MS } = options;
  for (let pause = firstPauseMs; !signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return await attach();
    } catch (error) {
      const failure = toFailure(error);
      if (failure.class === 'input') throw error;
      onNews(`there is no other one yet, and it is tried again: ${failure.message}`);
    }
    await sleep(pause, undefined, { signal }).catch(() => {}); // aborted: the loop ends
  }
  return undefined;
}
