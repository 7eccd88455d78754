/** Something that a button does and that takes a while. */
import { useState } from 'react';
import type { DocumentError } from './fetch-document.ts';
import { asDocumentError } from './use-document.ts';

export interface Action {
  busy: boolean;
  error: DocumentError | null;
  run(work: () => Promise<unknown>): void;
}

/** One at a time; the error of the last one stays until the next begins. */
export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<DocumentError | null>(null);
  return {
    busy,
    error,
    run(work) {
      setBusy(true);
      setError(null);
      work()
        .catch((thrown: unknown) => setError(asDocumentError(thrown)))
        .finally(() => setBusy(false));
    },
  };
}
