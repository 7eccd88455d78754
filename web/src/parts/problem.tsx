import type { DocumentError } from '../data/fetch-document.ts';
import { visibleText } from '../text/ansi.ts';

/** What went wrong, and what to do. */
export function Problem({ error }: { error: DocumentError }) {
  return (
    <div className="problem" role="alert">
      <strong>{visibleText(error.message)}</strong>
      <p>{visibleText(error.hint)}</p>
    </div>
  );
}
