/** The steps of an attempt page by page: those near what is in sight are kept, the others are let go. */
import { useCallback, useReducer, useRef } from 'react';
import { STEPS_PER_PAGE, type StepDocument, type StepLine, type StepsDocument } from '../../../src/view/documents.ts';
import { type DocumentError, fetchDocument, stepsDocumentPath } from './fetch-document.ts';
import { asDocumentError } from './use-document.ts';

const KEPT_PAGES = 10;

interface KeptPage {
  /** None when they could not be read. */
  steps: StepDocument[];
  /** What the timeline had of them when they were asked for. */
  state: string;
}

export interface StepPages {
  /** The step at a place in the order of all steps; null while its page is read. One that has changed since stays until it has been read again. */
  at(index: number): StepDocument | null;
  /** Reads the page of a place, if it is not there or the timeline knows more of it. */
  want(index: number): void;
  error: DocumentError | null;
}

/** `lines`: the timeline, null before it is there. */
export function useStepPages(path: string, lines: readonly StepLine[] | null): StepPages {
  const pages = useRef(new Map<number, KeptPage>());
  const asked = useRef(new Set<number>());
  const error = useRef<DocumentError | null>(null);
  const [, changed] = useReducer((count: number) => count + 1, 0);

  const want = useCallback(
    (index: number) => {
      const page = Math.floor(index / STEPS_PER_PAGE);
      const kept = pages.current.get(page);
      const state = stateOf(lines?.slice(page * STEPS_PER_PAGE, (page + 1) * STEPS_PER_PAGE) ?? []);
      if (asked.current.has(page) || (kept !== undefined && (lines === null || isFresh(kept, state)))) return;
      asked.current.add(page);
      fetchDocument<StepsDocument>(stepsDocumentPath(path, page))
        .then(
          ({ steps }) => {
            pages.current.set(page, { steps, state });
            error.current = null;
            forgetFarthest(pages.current, page);
          },
          (thrown: unknown) => {
            pages.current.set(page, { steps: kept?.steps ?? [], state });
            error.current = asDocumentError(thrown);
          },
        )
        .finally(() => {
          asked.current.delete(page);
          changed();
        });
    },
    [path, lines],
  );
  const at = useCallback(
    (index: number) => pages.current.get(Math.floor(index / STEPS_PER_PAGE))?.steps[index % STEPS_PER_PAGE] ?? null,
    [],
  );
  return { at, want, error: error.current };
}

function isFresh({ steps, state }: KeptPage, now: string): boolean {
  return state === now || stateOf(steps) === now;
}

/** Another word when there is more of any of these steps. */
function stateOf(steps: readonly StepLine[]): string {
  return steps.map(({ step, revision }) => `${step}@${revision}`).join();
}

function forgetFarthest(pages: Map<number, KeptPage>, near: number): void {
  const byDistance = [...pages.keys()].sort((a, b) => Math.abs(b - near) - Math.abs(a - near));
  for (const page of byDistance.slice(0, Math.max(0, pages.size - KEPT_PAGES))) pages.delete(page);
}
