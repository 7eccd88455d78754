import { useState } from 'react';
import type { RawStepDocument } from '../../../src/view/documents.ts';
import { useDocument } from '../data/use-document.ts';
import { Problem } from './problem.tsx';
import { TextView } from './text-view.tsx';

/** What the log has of a step: the reply with all that the provider said, and the results. Read when it is opened. */
export function RawStep({ runId, path }: { runId: string; path: string }) {
  const [open, setOpen] = useState(false);
  const { value, error } = useDocument<RawStepDocument>(open ? path : null);
  return (
    <details className="raw" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Raw</summary>
      {error !== null && <Problem error={error} />}
      {value?.events.map((box, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: events of one step never change places
        <TextView key={at} runId={runId} box={box} label="Raw event" />
      ))}
    </details>
  );
}
