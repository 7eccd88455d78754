/**
 * Attempts at one instance begin with the same words. The first call that asks them goes alone and fills the provider's prompt cache; the others wait for its reply and read from
 * the cache what they would have paid for in full.
 */
import { digestOf } from '../base/digest.ts';
import type { Model, ModelRequest } from '../contracts/index.ts';
import { wrapModel } from './wrap-model.ts';

/** Calls that open a conversation wait for the first of them with the same opening; when that one fails, the next goes ahead. All other calls pass. A wait ends with the signal. */
export function warmUpModel(inner: Model): Model {
  const warm = new Set<string>();
  const leading = new Map<string, Promise<unknown>>();
  return wrapModel(inner, {
    async complete(request, call) {
      const opening = openingOf(request);
      if (opening === null) return await inner.complete(request, call);
      for (let leader = leading.get(opening); leader !== undefined; leader = leading.get(opening)) {
        await endOrAbort(leader, call.signal);
      }
      if (warm.has(opening)) return await inner.complete(request, call);
      const reply = inner.complete(request, call);
      leading.set(opening, reply);
      try {
        const led = await reply;
        warm.add(opening);
        return led;
      } finally {
        leading.delete(opening);
      }
    },
  });
}

/** What a provider caches of a conversation that has just begun; null for one that goes on. */
function openingOf({ system, tools, messages }: ModelRequest): string | null {
  return messages.length === 1 ? digestOf([system, tools, messages[0]]) : null;
}

/** Resolves when the leader has its reply or has failed. Throws the signal's reason when it is aborted before. */
async function endOrAbort(leader: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    await Promise.race([leader.catch(() => {}), aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
