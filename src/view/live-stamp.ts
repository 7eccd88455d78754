/** How far the logs of a run or of an attempt have grown, as one word. */
import { runPaths } from '../store/run-folder.ts';
import { logSize } from './attempt-index.ts';
import type { RunCache } from './run-cache.ts';

/** Of a run: its own log and those of the attempts under way. Throws `run-not-found`, `store-invalid`, `io`. */
export async function runStamp(cache: RunCache, runId: string): Promise<string> {
  const { dir, attempts } = await cache.run(runId);
  const paths = runPaths(dir);
  const underWay = attempts.filter((one) => one.state === 'running').map((one) => paths.attemptEvents(one));
  return (await Promise.all([paths.events, ...underWay].map(logSize))).join('-');
}

/** Of one attempt: its log, which holds its verdict as well. Throws `instance-not-found` and like `runStamp`. */
export async function attemptStamp(cache: RunCache, runId: string, folder: string, attempt: number): Promise<string> {
  const { dir, record } = await cache.find(runId, folder, attempt);
  return String(await logSize(runPaths(dir).attemptEvents(record)));
}
