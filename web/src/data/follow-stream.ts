/** Server-sent events by `fetch`, which can carry the token where an `EventSource` cannot. */
import { ask, DocumentError } from './fetch-document.ts';
import { lineBatches } from './line-batches.ts';

const AGAIN_MS = 1000;

/**
 * Calls `hear` with the data of events, of several at once the last, until the signal is aborted; takes a broken stream up again where it was. Resolves early when the server says that there is nothing to
 * follow any more.
 */
export async function followStream(path: string, signal: AbortSignal, hear: (data: string) => void): Promise<void> {
  let last: string | null = null;
  while (!signal.aborted) {
    try {
      const { body } = await ask(path, { signal, headers: last === null ? {} : { 'last-event-id': last } });
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
