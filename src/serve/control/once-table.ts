/** Carries a request out once, however often it is sent: idempotency keys. */
import { refuse } from '../http/http-problem.ts';

interface Remembered {
  digest: string;
  result: Promise<unknown>;
  /** By the clock of `performance.now()`; set when it is done. */
  forgetAt: number;
}

/** Longer than any client goes on sending again. */
const REMEMBER_MS = 3_600_000;

export class OnceTable {
  private readonly done = new Map<string, Remembered>();

  /**
   * Runs `action`, or gives the result of the earlier request with this key. What failed is forgotten, so that it can be tried again. Without a key every request counts.
   * Throws 422 when the key came with another request before.
   *
   * @param key of the client, with everything that sets it apart from keys of others
   * @param digest of the request
   */
  async run<T>(key: string | undefined, digest: string, action: () => Promise<T>): Promise<T> {
    if (key === undefined) return action();
    const before = this.done.get(key);
    if (before !== undefined) {
      if (before.digest !== digest) throw refuse(422, 'this idempotency key came with another request before');
      return before.result as Promise<T>;
    }
    const result = action();
    const entry: Remembered = { digest, result, forgetAt: Number.POSITIVE_INFINITY };
    this.done.set(key, entry);
    try {
      return await result;
    } catch (error) {
      this.done.delete(key);
      throw error;
    } finally {
      entry.forgetAt = performance.now() + REMEMBER_MS;
    }
  }

  /** Forgets what is old. */
  sweep(now: number): void {
    for (const [key, { forgetAt }] of this.done) if (forgetAt <= now) this.done.delete(key);
  }
}
