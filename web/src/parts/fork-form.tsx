import { type FormEvent, useEffect, useRef, useState } from 'react';
import type { StepDocument, TextBox } from '../../../src/view/documents.ts';
import { DocumentError } from '../data/fetch-document.ts';
import { sendControl } from '../data/send-control.ts';
import { useAction } from '../data/use-action.ts';
import { runHref } from '../route.ts';
import { Problem } from './problem.tsx';

const EDITS = [
  ['nothing', 'nothing of the messages'],
  ['observed', 'what the agent is told after the step'],
  ['said', 'what the agent said in the step'],
  ['command', 'what it ran in the step, which is then run anew'],
] as const;
type Edit = (typeof EDITS)[number][0];

interface ForkFormProps {
  at: { runId: string; instanceId: string; attempt: number };
  /** The last step that is kept. */
  step: StepDocument;
  onClose: () => void;
}

/** Goes on from a step in a run of its own, with another message, prompt or model. */
export function ForkForm({ at, step, onClose }: ForkFormProps) {
  const dialog = useRef<HTMLDialogElement | null>(null);
  const [edit, setEdit] = useState<Edit>('nothing');
  const [text, setText] = useState('');
  const [model, setModel] = useState('');
  const [prompt, setPrompt] = useState('');
  const action = useAction();
  useEffect(() => dialog.current?.showModal(), []);
  const choose = (next: Edit) => {
    setEdit(next);
    setText(wholeText(step, next));
  };
  const fork = (event: FormEvent) => {
    event.preventDefault();
    action.run(async () => {
      const { runId } = await sendControl('fork', {
        ...at,
        step: step.step,
        edit: editOf(step, edit, text),
        ...(model.trim() === '' ? {} : { model }),
        ...(prompt.trim() === '' ? {} : { prompt }),
      });
      location.hash = runHref(runId);
    });
  };
  return (
    <dialog ref={dialog} className="fork" aria-labelledby="fork-title" onClose={onClose}>
      <form onSubmit={fork}>
        <h2 id="fork-title">Fork from step {step.step}</h2>
        <p className="quiet">
          A new run holds steps 1 to {step.step}. Their commands are run again in a fresh sandbox, their replies are not
          paid again; then the agent works on.
        </p>
        <label>
          Change
          <select value={edit} onChange={(event) => choose(event.target.value as Edit)}>
            {EDITS.filter(([key]) => key !== 'command' || step.calls.length > 0).map(([key, words]) => (
              <option key={key} value={key}>
                {words}
              </option>
            ))}
          </select>
        </label>
        {edit !== 'nothing' && (
          <label>
            Message
            <textarea rows={10} value={text} onChange={(event) => setText(event.target.value)} />
          </label>
        )}
        <label>
          Model
          <input placeholder="as it was" value={model} onChange={(event) => setModel(event.target.value)} />
        </label>
        <label>
          Prompt template
          <textarea
            rows={3}
            placeholder="as it was"
            value={prompt}
            onChange={(event) => setPrompt(event.target.value)}
          />
        </label>
        <p className="bar">
          <button type="submit" disabled={action.busy}>
            {action.busy ? 'Starting…' : 'Fork and go on'}
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
        </p>
      </form>
      {action.error !== null && <Problem error={action.error} />}
    </dialog>
  );
}

/** What there is to edit; empty where the page has not all of it. */
function wholeText({ thought, calls }: StepDocument, edit: Edit): string {
  const join = (boxes: readonly TextBox[]) =>
    boxes.some((box) => box.blob !== null || box.cut) ? '' : boxes.map((box) => box.text).join('\n');
  if (edit === 'said') return join(thought);
  if (edit === 'observed') return join(calls.at(-1)?.result?.texts ?? []);
  const call = calls[0];
  return edit === 'command' && call !== undefined && call.long.length === 0 ? join([call.input]) : '';
}

/** A command as it was typed, or the whole input as JSON where it has more than a command. */
function editOf({ calls }: StepDocument, edit: Edit, text: string) {
  if (edit === 'observed') return { observed: text };
  if (edit === 'said') return { said: text };
  if (edit === 'nothing') return {};
  // Commands of shells may begin with a brace as well.
  return { input: calls[0]?.typed === true ? { command: text } : inputFrom(text) };
}

function inputFrom(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new DocumentError(
      `What it ran is no JSON: ${(error as Error).message}`,
      'Write the whole input of the call, as it stood there.',
    );
  }
}
