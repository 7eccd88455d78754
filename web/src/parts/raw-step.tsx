import { useState } from 'react';
import type { RawStepDocument, RequestDocument } from '../../../src/view/documents.ts';
import { saveDocument } from '../data/save-document.ts';
import { useAction } from '../data/use-action.ts';
import { useDocument } from '../data/use-document.ts';
import { bytes } from '../text/format.ts';
import { LongMembers } from './long-members.tsx';
import { Problem } from './problem.tsx';
import { TextView } from './text-view.tsx';

interface RawStepProps {
  runId: string;
  /** Of the attempt's documents. */
  path: string;
  step: number;
}

/** What was sent and what came back, word for word: the request, the provider's answer, and the events of the step. Each is read when it is opened. */
export function RawStep(props: RawStepProps) {
  return (
    <>
      <RawRequest {...props} />
      <RawEvents {...props} />
    </>
  );
}

function RawRequest({ runId, path, step }: RawStepProps) {
  const [open, setOpen] = useState(false);
  const saving = useAction();
  const { value, error } = useDocument<RequestDocument>(open ? `${path}/request-${step}.json` : null);
  return (
    <details className="raw" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Request</summary>
      {error !== null && <Problem error={error} />}
      {value !== null && (
        <>
          <p className="quiet">
            <span className={value.exact ? 'badge tone-good' : 'badge tone-infra'}>
              {value.exact ? 'exact' : 'rebuilt'}
            </span>{' '}
            {value.why}; {value.messages} messages, {bytes(value.request.bytes)}.{' '}
            <button
              type="button"
              className="link"
              onClick={() =>
                saving.run(() => saveDocument(`${path}/request-${step}-whole.json`, `request-${step}.json`))
              }
            >
              Save the whole request
            </button>
          </p>
          {saving.error !== null && <Problem error={saving.error} />}
          <TextView runId={runId} box={value.request} label="Request" />
        </>
      )}
    </details>
  );
}

function RawEvents({ runId, path, step }: RawStepProps) {
  const [open, setOpen] = useState(false);
  const { value, error } = useDocument<RawStepDocument>(open ? `${path}/raw-${step}.json` : null);
  return (
    <details className="raw" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Raw</summary>
      {error !== null && <Problem error={error} />}
      {value?.answer != null && (
        <>
          <h3>The provider's answer as it came</h3>
          <TextView runId={runId} box={value.answer} label="Answer of the provider" />
        </>
      )}
      {value !== null && <h3>Events of the log</h3>}
      {value?.events.map(({ text, long }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: events of one step never change places
        <div key={at}>
          <TextView runId={runId} box={text} label="Raw event" />
          <LongMembers runId={runId} members={long} />
        </div>
      ))}
    </details>
  );
}
