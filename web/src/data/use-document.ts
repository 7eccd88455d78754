/** A document as state of a page. */
import { useEffect, useState } from 'react';
import { DocumentError, fetchDocument } from './fetch-document.ts';

export interface Loaded<T> {
  /** Null until it is there; the last one stays while a newer one is read. */
  value: T | null;
  error: DocumentError | null;
}

/** Reads `path` again when `version` changes. A null path reads nothing. */
export function useDocument<T>(path: string | null, version = ''): Loaded<T> {
  const [state, setState] = useState<Loaded<T> & { path: string | null }>({ value: null, error: null, path });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version is the reason to read again
  useEffect(() => {
    if (path === null) return;
    const controller = new AbortController();
    fetchDocument<T>(path, controller.signal).then(
      (value) => setState({ value, error: null, path }),
      (error: unknown) => {
        if (controller.signal.aborted) return;
        setState({ value: null, error: asDocumentError(error), path });
      },
    );
    return () => controller.abort();
  }, [path, version]);
  return state.path === path ? state : { value: null, error: null };
}

export function asDocumentError(error: unknown): DocumentError {
  if (error instanceof DocumentError) return error;
  return new DocumentError(error instanceof Error ? error.message : String(error), 'Load the page again.');
}
