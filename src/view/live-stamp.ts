/**
 * What documents of a run or of an attempt would say now, as one word: another word is news. Made from the record that documents are made from, which is not read anew at every change of a
 * log, so that nobody is told of news that the documents do not have yet.
 */
import { runPaths } from '../store/run-folder.ts';
import { logSize } from './attempt-index.ts';
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

/** Of one attempt: its log, which its steps are read from, and its state. Throws `instance-not-found` and like `runStamp`. */
export async function attemptStamp(cache: RunCache, runId: string, folder: string, attempt: number): Promise<string> {
  const { dir, record } = await cache.find(runId, folder, attempt);
  return `${await logSize(runPaths(dir).attemptEvents(record))}-${record.state}`;
}
