/** The steps of an attempt page by page: those near what is in sight are kept, the others are let go. */
import { useCallback, useEffect, useReducer, useRef } from 'react';
import type { StepDocument, StepsDocument } from '../../../src/view/documents.ts';
import { type DocumentError, fetchDocument } from './fetch-document.ts';
import { asDocumentError } from './use-document.ts';

const KEPT_PAGES = 10;

export interface StepPages {
  /** The step at a place in the order of all steps; null while its page is read. */
  at(index: number): StepDocument | null;
  /** Reads the page of a place, if it is not there. */
  want(index: number): void;
  error: DocumentError | null;
}

/** `stepCount` tells that a page that was not full has become longer. */
export function useStepPages(path: string, perPage: number, stepCount: number): StepPages {
  const pages = useRef(new Map<number, StepDocument[]>());
  /** Being read, or not to be had: those are asked for again when there are more steps. */
  const asked = useRef(new Set<number>());
  const error = useRef<DocumentError | null>(null);
  const [, changed] = useReducer((count: number) => count + 1, 0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: more steps, or more about the last one, are the reason
  useEffect(() => {
    asked.current.clear();
    const last = Math.max(...pages.current.keys(), -1);
    if (pages.current.delete(last)) changed();
  }, [stepCount]);

  const want = useCallback(
    (index: number) => {
      const page = Math.floor(index / perPage);
      if (pages.current.has(page) || asked.current.has(page)) return;
      asked.current.add(page);
      fetchDocument<StepsDocument>(`${path}/steps-${page}.json`)
        .then(
          ({ steps }) => {
            pages.current.set(page, steps);
            asked.current.delete(page);
            error.current = null;
            forgetFarthest(pages.current, page);
          },
          (thrown: unknown) => {
            error.current = asDocumentError(thrown);
          },
        )
        .finally(changed);
    },
    [path, perPage],
  );
  const at = (index: number) => pages.current.get(Math.floor(index / perPage))?.[index % perPage] ?? null;
  return { at, want, error: error.current };
}

function forgetFarthest(pages: Map<number, StepDocument[]>, near: number): void {
  const byDistance = [...pages.keys()].sort((a, b) => Math.abs(b - near) - Math.abs(a - near));
  for (const page of byDistance.slice(0, Math.max(0, pages.size - KEPT_PAGES))) pages.delete(page);
}
