/**
 * What the documents of a run would say now, as one word: another word is news. Made from the record that documents are made from, which is not read anew at every change of a
 * log, so that nobody is told of news that the documents do not have yet.
 */
import type { RunCache } from './run-cache.ts';

/** Of a run: how far its attempts are. Throws `run-not-found`, `store-invalid`, `io`. */
export async function runStamp(cache: RunCache, runId: string): Promise<string> {
  const { status, attempts } = await cache.run(runId);
  const counts = new Map<string, number>();
  let steps = 0;
  for (const { state, totals } of attempts) {
    counts.set(state, (counts.get(state) ?? 0) + 1);
    steps += totals?.steps ?? 0;
  }
  return [status, ...[...counts].flat(), steps].join('-');
}
