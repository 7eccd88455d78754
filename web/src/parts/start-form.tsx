import { type FormEvent, useState } from 'react';
import { sendControl } from '../data/send-control.ts';
import { useAction } from '../data/use-action.ts';
import { runHref } from '../route.ts';
import { Problem } from './problem.tsx';

const NUMBERS = [
  ['attempts', 'Attempts per instance', '1'],
  ['jobs', 'At a time', '2'],
  ['budgetUsd', 'Budget of the run, $', 'none'],
  ['maxSteps', 'Steps per attempt', '100'],
  ['wallSeconds', 'Seconds per attempt', '3600'],
  ['maxCostUsd', 'Dollars per attempt', 'none'],
] as const;

type NumberName = (typeof NUMBERS)[number][0];

/** Starts a run with what `assay run` would be told; empty fields are its defaults. */
export function StartForm() {
  const [dataset, setDataset] = useState('');
  const [model, setModel] = useState('');
  const [instances, setInstances] = useState('');
  const [numbers, setNumbers] = useState<Partial<Record<NumberName, string>>>({});
  const action = useAction();
  const start = (event: FormEvent) => {
    event.preventDefault();
    action.run(async () => {
      const given = Object.entries(numbers).filter(([, text]) => text !== '');
      const { runId } = await sendControl('start', {
        dataset,
        model,
        instances: instances.split(/\s+/).filter(Boolean),
        ...Object.fromEntries(given.map(([key, text]) => [key, Number(text)])),
      });
      location.hash = runHref(runId);
    });
  };
  return (
    <details className="start">
      <summary>Start a run</summary>
      <form onSubmit={start}>
        <label>
          Data set
          <input
            required
            placeholder="tasks/starter"
            value={dataset}
            onChange={(event) => setDataset(event.target.value)}
          />
        </label>
        <label>
          Model
          <input
            required
            placeholder="anthropic/claude-sonnet-4-5"
            value={model}
            onChange={(event) => setModel(event.target.value)}
          />
        </label>
        <label>
          Instances
          <input
            placeholder="all; * matches anything"
            value={instances}
            onChange={(event) => setInstances(event.target.value)}
          />
        </label>
        {NUMBERS.map(([key, words, placeholder]) => (
          <label key={key}>
            {words}
            <input
              type="number"
              min={0}
              step="any"
              placeholder={placeholder}
              value={numbers[key] ?? ''}
              onChange={(event) => setNumbers({ ...numbers, [key]: event.target.value })}
            />
          </label>
        ))}
        <button type="submit" disabled={action.busy}>
          {action.busy ? 'Starting…' : 'Start'}
        </button>
      </form>
      {action.error !== null && <Problem error={action.error} />}
    </details>
  );
}
