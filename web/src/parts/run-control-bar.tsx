import { useEffect, useState } from 'react';
import type { RunDocument } from '../../../src/view/documents.ts';
import { sendControl } from '../data/send-control.ts';
import { useAction } from '../data/use-action.ts';
import { Problem } from './problem.tsx';

interface RunControlBarProps {
  runId: string;
  report: RunDocument['report'];
}

/** Stops a run, goes on with it, and changes the limits that may change while it is made. */
export function RunControlBar({ runId, report: { status, infraFailures } }: RunControlBarProps) {
  const [jobs, setJobs] = useState('');
  const [budget, setBudget] = useState('');
  const action = useAction();
  const [stopping, setStopping] = useState(false);
  const atWork = status === 'running';
  useEffect(() => {
    if (!atWork) setStopping(false);
  }, [atWork]);
  const stop = (now: boolean) =>
    action.run(async () => {
      await sendControl('stop', { runId, now });
      setStopping(true);
    });
  const resume = () =>
    action.run(() =>
      sendControl('resume', {
        runId,
        ...(jobs === '' ? {} : { jobs: Number(jobs) }),
        ...(budget === '' ? {} : { budgetUsd: Number(budget) }),
      }),
    );
  const limits = jobs !== '' || budget !== '';
  return (
    <>
      <fieldset className="bar controls" aria-label="Control of the run" disabled={action.busy}>
        {atWork && (
          <>
            <button type="button" disabled={stopping} onClick={() => stop(false)}>
              {stopping ? 'Stopping after the steps under way…' : 'Stop after the steps under way'}
            </button>
            <button type="button" onClick={() => stop(true)}>
              Stop now
            </button>
          </>
        )}
        {(!atWork || limits) && (
          <button type="button" onClick={resume}>
            {atWork ? 'Go on with these limits' : resumeWords(status, infraFailures)}
          </button>
        )}
        <label>
          At a time
          <input type="number" min={1} placeholder="2" value={jobs} onChange={(event) => setJobs(event.target.value)} />
        </label>
        <label>
          Budget, $
          <input
            type="number"
            min={0}
            step="any"
            placeholder="as it was"
            value={budget}
            onChange={(event) => setBudget(event.target.value)}
          />
        </label>
        <span className="quiet" role="status">
          {action.busy ? 'Under way; the steps begun are finished first…' : ''}
        </span>
      </fieldset>
      {action.error !== null && <Problem error={action.error} />}
    </>
  );
}

function resumeWords(status: string, infraFailures: number): string {
  if (status !== 'completed') return 'Resume';
  return infraFailures > 0 ? `Requeue ${infraFailures} failed attempts` : 'Look for attempts that are left';
}
