import { type FormEvent, useState } from 'react';
import type { AttemptNotes } from '../../../src/store/attempt-notes.ts';
import type { AnnotateRequest } from '../../../src/view/annotate.ts';
import { sendControl } from '../data/send-control.ts';
import { useAction } from '../data/use-action.ts';
import { useDocument } from '../data/use-document.ts';
import { type AttemptAddress, attemptHref } from '../route.ts';
import { visibleText } from '../text/ansi.ts';
import { moment } from '../text/format.ts';
import { Problem } from './problem.tsx';

interface NotesPanelProps {
  /** Of the attempt's documents. */
  path: string;
  at: AttemptAddress;
  /** The step that was chosen: what a comment is about. */
  step: number | null;
  controls: boolean;
}

/** Tags and comments of an attempt. */
export function NotesPanel({ path, at, step, controls }: NotesPanelProps) {
  const loaded = useDocument<AttemptNotes>(`${path}/notes.json`);
  const [changed, setChanged] = useState<AttemptNotes | null>(null);
  const [tag, setTag] = useState('');
  const [text, setText] = useState('');
  const action = useAction();
  const notes = changed ?? loaded.value;
  const error = action.error ?? loaded.error;
  const send = async (change: AnnotateRequest['change']) =>
    setChanged(await sendControl('annotate', { ...at, change }));
  const change = (request: AnnotateRequest['change']) => action.run(() => send(request));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    action.run(async () => {
      if (tag.trim() !== '') await send({ kind: 'tag', tag });
      setTag('');
      if (text.trim() !== '') await send({ kind: 'comment', step, text });
      setText('');
    });
  };
  return (
    <>
      <h2 id="notes">Notes</h2>
      {error !== null && <Problem error={error} />}
      <p className="bar">
        {notes?.tags.map((one) => (
          <span className="badge" key={one}>
            {visibleText(one)}
            {controls && (
              <button
                type="button"
                aria-label={visibleText(`Remove tag ${one}`)}
                onClick={() => change({ kind: 'untag', tag: one })}
              >
                ×
              </button>
            )}
          </span>
        ))}
      </p>
      <ul className="plain">
        {notes?.comments.map((comment) => (
          <li key={comment.id}>
            <span className="quiet">{moment(comment.at)}</span>{' '}
            {comment.step !== null && (
              <a href={attemptHref(at.runId, at.folder, at.attempt, comment.step)}>step {comment.step}</a>
            )}
            {controls && (
              <button
                type="button"
                aria-label={`Remove the comment of ${moment(comment.at)}`}
                onClick={() => change({ kind: 'uncomment', id: comment.id })}
              >
                ×
              </button>
            )}
            <pre dir="ltr">{visibleText(comment.text)}</pre>
          </li>
        ))}
      </ul>
      {controls && (
        <form className="notes" onSubmit={submit}>
          <input
            aria-label="New tag"
            placeholder="New tag"
            value={tag}
            onChange={(event) => setTag(event.target.value)}
          />
          <textarea
            aria-label="New comment"
            rows={2}
            placeholder={step === null ? 'Comment on the attempt' : `Comment on step ${step}`}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <button type="submit" disabled={action.busy}>
            Add
          </button>
        </form>
      )}
    </>
  );
}
