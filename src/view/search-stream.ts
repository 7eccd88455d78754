/** A search over HTTP: a line of JSON per find, sent as it is found. The browser ends it by going away. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { RunCache } from './run-cache.ts';
import { type SearchQuery, searchStore } from './search-store.ts';

const querySchema = z.object({
  text: z.string().min(2).max(1000),
  scope: z.enum(['text', 'command', 'file']),
  runId: z.string().min(1).optional(),
});

/** Null when the parameters of an address ask for no search. */
export function parseSearchQuery(parameters: URLSearchParams): SearchQuery | null {
  const [text, scope, runId] = ['q', 'in', 'run'].map((name) => parameters.get(name) ?? undefined);
  return querySchema.safeParse({ text, scope, ...(runId === undefined ? {} : { runId }) }).data ?? null;
}

/** Throws `run-not-found` and `io` before a byte is written; later failures are lines of their own. */
export async function searchStream(
  response: ServerResponse,
  { cache, query, signal }: { cache: RunCache; query: SearchQuery; signal: AbortSignal },
): Promise<void> {
  try {
    for await (const line of searchStore(cache, query, signal)) {
      if (!response.headersSent)
        response.writeHead(200, { 'content-type': 'application/x-ndjson; charset=utf-8', 'cache-control': 'no-store' });
      if (!response.write(`${JSON.stringify(line)}\n`)) await once(response, 'drain', { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  response.end();
}
