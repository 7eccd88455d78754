/** Looks for a text in all steps of an attempt, page by page, so that nothing but the places found is kept. */
import { useEffect, useState } from 'react';
import type { StepDocument, StepsDocument, TextBox } from '../../../src/view/documents.ts';
import { fetchDocument, stepsDocumentPath } from './fetch-document.ts';
import { asDocumentError } from './use-document.ts';

export interface Search {
  /** Steps that have the text; null when nothing is looked for. */
  steps: ReadonlySet<number> | null;
  /** Share of the pages that were read. */
  progress: number;
  problem: string | null;
}

const NOTHING: Search = { steps: null, progress: 1, problem: null };
const TYPING_MS = 300;

/** Of texts that are not whole in the documents of steps, the start is looked into. */
export function useSearch(path: string, text: string, pages: number): Search {
  const [search, setSearch] = useState<Search>(NOTHING);
  useEffect(() => {
    const wanted = text.trim().toLowerCase();
    if (wanted === '') return setSearch(NOTHING);
    const controller = new AbortController();
    const { signal } = controller;
    const timer = setTimeout(() => {
      readAll(path, wanted, pages, signal, setSearch).catch((error: unknown) => {
        if (!signal.aborted)
          setSearch((before) => ({ ...before, progress: 1, problem: asDocumentError(error).message }));
      });
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [path, text, pages]);
  return search;
}

async function readAll(
  path: string,
  wanted: string,
  pages: number,
  signal: AbortSignal,
  tell: (search: Search) => void,
): Promise<void> {
  const found = new Set<number>();
  for (let page = 0; page < pages; page++) {
    const { steps } = await fetchDocument<StepsDocument>(stepsDocumentPath(path, page), signal);
    for (const step of steps) if (textsOf(step).some((one) => one.toLowerCase().includes(wanted))) found.add(step.step);
    if (signal.aborted) return;
    tell({ steps: new Set(found), progress: (page + 1) / pages, problem: null });
  }
}

function textsOf(step: StepDocument): string[] {
  const calls = step.calls.flatMap((call) => [call.name, call.input.text, ...texts(call.result?.texts ?? [])]);
  return [...texts(step.reasoning), ...texts(step.thought), ...texts(step.told), ...calls];
}

const texts = (boxes: readonly TextBox[]) => boxes.map((box) => box.text);
