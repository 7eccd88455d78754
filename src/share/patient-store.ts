/** A shared store that is waited for while it gives no answer: the work of hours is not given up for a minute of network. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AssayError, type SharedStore } from '../contracts/index.ts';

export interface Patience {
  /** Told once when the waiting begins, and once when the store answers again. */
  onTrouble(message: string): void;
  onAnswer(): void;
  /** Nobody waits any longer once it is aborted. */
  signal: AbortSignal;
  /** It is asked again after this time at most: well below a lease, so that those who wait get through before others take them for gone. */
  pauseMs: number;
  /** After so long without any answer it is given up; asked before each wait. Default half an hour. */
  longestMs?: () => number;
}

const FIRST_WAIT_MS = 50;
export const HALF_AN_HOUR_MS = 1_800_000;

/** Throws what the inner store throws; `store-unreachable` only when patience is at its end. `close` closes the inner store. */
export function patientStore(inner: SharedStore, patience: Patience): SharedStore {
  const { onTrouble, onAnswer, signal, pauseMs, longestMs = () => HALF_AN_HOUR_MS } = patience;
  let troubleSince: number | null = null;

  const answered = () => {
    if (troubleSince === null) return;
    troubleSince = null;
    onAnswer();
  };
  /** Resolves when it is time to ask again; throws the error when it is not. */
  const wait = async (error: unknown, tries: number) => {
    if (!(error instanceof AssayError) || error.code !== 'store-unreachable' || signal.aborted) throw error;
    if (troubleSince === null) onTrouble(error.message);
    troubleSince ??= performance.now();
    if (performance.now() - troubleSince > longestMs()) throw error;
    const ms = Math.min(FIRST_WAIT_MS * 2 ** tries, pauseMs) * (0.5 + Math.random() / 2);
    await sleep(ms, undefined, { signal }).catch(() => {
      throw error;
    });
  };
  const ask = async <T>(work: (tries: number) => Promise<T>): Promise<T> => {
    for (let tries = 0; ; tries++) {
      try {
        const result = await work(tries);
        answered();
        return result;
      } catch (error) {
        await wait(error, tries);
      }
    }
  };
  return {
    name: inner.name,
    get: (key) => ask(() => inner.get(key)),
    put: (key, text, ifVersion) =>
      ask(async (tries) => {
        const version = await inner.put(key, text, ifVersion);
        if (version !== null || tries === 0) return version;
        // The first time may have been heard, only its answer was lost.
        const now = await inner.get(key);
        return now?.text === text ? now.version : null;
      }),
    versions: (prefix) => ask(() => inner.versions(prefix)),
    putBytes: (key, bytes) => ask(() => inner.putBytes(key, bytes)),
    getBytes: (key) => ask(() => inner.getBytes(key)),
    close: () => inner.close(),
  };
}
