/** Server-sent events by `fetch`, which can carry the token where an `EventSource` cannot. */
import { ask, DocumentError } from './fetch-document.ts';
import { lineBatches } from './line-batches.ts';
import { takeStreamSlot } from './stream-slot.ts';

const AGAIN_MS = 1000;

/**
 * Calls `hear` with the data of events, of several at once the last, until the signal is aborted; takes a broken stream up again where it was. While too many tabs hold streams, this one asks now and then
 * instead. Resolves early when the server says that there is nothing to follow any more.
 */
export async function followStream(path: string, signal: AbortSignal, hear: (data: string) => void): Promise<void> {
  let last: string | null = null;
  let streams = false;
  while (!signal.aborted) {
    try {
      streams ||= await takeStreamSlot(signal);
      const headers: Record<string, string> = last === null ? {} : { 'last-event-id': last };
      const { body } = await ask(streams ? path : `${path}?once`, { signal, headers });
      if (body === null) return;
      for await (const lines of lineBatches(body)) {
        const data = lines.findLast((line) => line.startsWith('data: '))?.slice('data: '.length);
        if (data === undefined) continue;
        last = data;
        hear(data);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof DocumentError && error.refused) return;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}
