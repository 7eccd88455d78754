/** Looks for a text in all attempts of a store, newest run first. There is no index to keep: logs are read from disk as they are, and most of their lines are passed over unread. */
import { toFailure } from '../contracts/index.ts';
import { instanceFolder } from '../store/run-folder.ts';
import type { SearchLine, SearchScope } from './documents.ts';
import type { RunCache } from './run-cache.ts';
import { type AttemptHit, searchAttempt } from './search-attempt.ts';
import { searchPattern } from './search-pattern.ts';

export interface SearchQuery {
  /** Taken literally; case does not matter. */
  text: string;
  scope: SearchScope;
  /** Only this run. */
  runId?: string | undefined;
}

const MAX_HITS = 500;
/** Of one attempt; which attempts have it matters more than how often. */
const MAX_PER_ATTEMPT = 5;
const PROGRESS_MS = 200;

/** Lines for the page as they are found. What cannot be read is told and passed over. Throws the reason of the signal. */
export async function* searchStore(
  cache: RunCache,
  query: SearchQuery,
  signal: AbortSignal,
): AsyncGenerator<SearchLine> {
  const search = { pattern: searchPattern(query.text), scope: query.scope, signal };
  const attempts = await searchedAttempts(cache, query.runId);
  let hits = 0;
  let toldAt = Date.now();
  for (const [looked, { runId, dir, ref }] of attempts.entries()) {
    signal.throwIfAborted();
    let ofAttempt = 0;
    try {
      for await (const hit of searchAttempt(dir, ref, search)) {
        yield hitLine(runId, ref, hit);
        if (++hits === MAX_HITS) return yield { type: 'end', looked: looked + 1, of: attempts.length, limited: true };
        if (++ofAttempt === MAX_PER_ATTEMPT) break;
      }
    } catch (error) {
      if (signal.aborted) throw error;
      yield { type: 'problem', message: `${runId}, ${ref.instanceId} #${ref.attempt}: ${toFailure(error).message}` };
    }
    if (Date.now() - toldAt < PROGRESS_MS) continue;
    yield { type: 'progress', looked: looked + 1, of: attempts.length };
    toldAt = Date.now();
  }
  yield { type: 'end', looked: attempts.length, of: attempts.length, limited: false };
}

async function searchedAttempts(cache: RunCache, runId: string | undefined) {
  const runs = await Promise.all(
    (runId === undefined ? await cache.ids() : [runId]).map(async (id) => {
      // The table of runs says what is wrong with a damaged one.
      const record = runId === undefined ? await cache.run(id).catch(() => null) : await cache.run(id);
      const begun = record?.attempts.filter((one) => one.state !== 'pending' && one.state !== 'skipped') ?? [];
      return begun.map(({ instanceId, attempt }) => ({
        runId: id,
        dir: cache.dirOf(id),
        ref: { instanceId, attempt },
      }));
    }),
  );
  return runs.flat();
}

function hitLine(runId: string, ref: { instanceId: string; attempt: number }, hit: AttemptHit): SearchLine {
  return { type: 'hit', runId, ...ref, folder: instanceFolder(ref.instanceId), ...hit };
}
