/** A search over all attempts of the store: finds arrive while the server still looks. */
import { useEffect, useState } from 'react';
import type { SearchLine, SearchScope } from '../../../src/view/documents.ts';
import { ask, type DocumentError } from './fetch-document.ts';
import { lineBatches } from './line-batches.ts';
import { asDocumentError } from './use-document.ts';

export type SearchHit = Extract<SearchLine, { type: 'hit' }>;

export interface StoreSearch {
  hits: SearchHit[];
  /** Attempts that were looked into, of how many. */
  looked: number;
  of: number;
  done: boolean;
  limited: boolean;
  problems: string[];
  error: DocumentError | null;
}

const NOTHING: StoreSearch = { hits: [], looked: 0, of: 0, done: true, limited: false, problems: [], error: null };
const MAX_PROBLEMS = 20;

/** A null text looks for nothing. A new search ends the one before. */
export function useStoreSearch(text: string | null, scope: SearchScope, runId: string | null): StoreSearch {
  const [search, setSearch] = useState<StoreSearch>(NOTHING);
  useEffect(() => {
    if (text === null) return setSearch(NOTHING);
    const controller = new AbortController();
    setSearch({ ...NOTHING, done: false });
    const query = new URLSearchParams({ q: text, in: scope, ...(runId === null ? {} : { run: runId }) });
    readLines(`search?${query}`, controller.signal, (lines) =>
      setSearch((before) => lines.reduce(withLine, before)),
    ).catch((error: unknown) => {
      if (!controller.signal.aborted) setSearch((before) => ({ ...before, done: true, error: asDocumentError(error) }));
    });
    return () => controller.abort();
  }, [text, scope, runId]);
  return search;
}

async function readLines(address: string, signal: AbortSignal, tell: (lines: SearchLine[]) => void): Promise<void> {
  const { body } = await ask(address, { signal });
  if (body === null) return;
  for await (const lines of lineBatches(body)) tell(lines.map((line) => JSON.parse(line) as SearchLine));
}

function withLine(search: StoreSearch, line: SearchLine): StoreSearch {
  switch (line.type) {
    case 'hit':
      return { ...search, hits: [...search.hits, line] };
    case 'progress':
      return { ...search, looked: line.looked, of: line.of };
    case 'problem':
      return { ...search, problems: [...search.problems, line.message].slice(0, MAX_PROBLEMS) };
    default:
      return { ...search, looked: line.looked, of: line.of, limited: line.limited, done: true };
  }
}
