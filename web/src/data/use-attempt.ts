/** An attempt as state of a page, followed while it is made. */
import { useEffect, useState } from 'react';
import type { AttemptDocument } from '../../../src/view/documents.ts';
import { mergedLines } from '../text/merged-lines.ts';
import { attemptDocumentPath, fetchDocument } from './fetch-document.ts';
import { asDocumentError, type Loaded } from './use-document.ts';
import { useLive } from './use-live.ts';

/** `livePath`: of the stream that tells of news; null in a static export. Of a long log only the steps are read that are not there yet, the first ones first. */
export function useAttempt(path: string, livePath: string | null): Loaded<AttemptDocument> {
  const [loaded, setLoaded] = useState<Loaded<AttemptDocument>>({ value: null, error: null });
  const { value } = loaded;
  const version = useLive(value === null || isSettled(value) ? null : livePath);
  // biome-ignore lint/correctness/useExhaustiveDependencies: news are the reason to read on, what was read is not
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const read = async () => {
      if (livePath === null)
        return tell(await fetchDocument<AttemptDocument>(attemptDocumentPath(path, false), signal));
      let document = value;
      do {
        document = await readOn(path, document, signal);
        tell(document);
      } while (document.more && !signal.aborted);
    };
    const tell = (document: AttemptDocument) => {
      if (!signal.aborted) setLoaded({ value: document, error: null });
    };
    read().catch((error: unknown) => {
      if (!signal.aborted) setLoaded({ value: null, error: asDocumentError(error) });
    });
    return () => controller.abort();
  }, [path, livePath, version]);
  return loaded;
}

async function readOn(path: string, before: AttemptDocument | null, signal: AbortSignal): Promise<AttemptDocument> {
  const address = before === null ? attemptDocumentPath(path, true) : `${path}/attempt-since-${before.known}.json`;
  const answer = await fetchDocument<AttemptDocument>(address, signal);
  return answer.adds && before !== null ? { ...answer, steps: mergedLines(before.steps, answer.steps) } : answer;
}

/** Nothing is to be heard of it any more, though there may be more to read. */
function isSettled({ record, complete, more }: AttemptDocument): boolean {
  return (complete || more) && ['finished', 'failed', 'skipped'].includes(record.state);
}
