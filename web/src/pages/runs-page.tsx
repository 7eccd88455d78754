import { useEffect, useMemo, useState } from 'react';
import type { RunsDocument } from '../../../src/view/documents.ts';
import { runsDocumentPath } from '../data/fetch-document.ts';
import { useDocument } from '../data/use-document.ts';
import { usePolling } from '../data/use-polling.ts';
import { FilterBar } from '../parts/filter-bar.tsx';
import { Problem } from '../parts/problem.tsx';
import { RunRow, UnreadRow } from '../parts/run-rows.tsx';
import { StartForm } from '../parts/start-form.tsx';
import { compareHref } from '../route.ts';
import { visibleText } from '../text/ansi.ts';
import { arrangedRuns, RUN_COLUMNS, RUN_STATES, type RunOrder, type RunState } from '../text/arranged-runs.ts';

const REFRESH_MS = 3_000;
/** While logs are being read for the first time. */
const READING_MS = 500;

/** The table of all runs: sorted and filtered here, several of them picked to be compared. */
export function RunsPage({ live, controls }: { live: boolean; controls: boolean }) {
  const [reading, setReading] = useState(false);
  const version = usePolling(live ? (reading ? READING_MS : REFRESH_MS) : null);
  const { value, error } = useDocument<RunsDocument>(runsDocumentPath(live), version);
  const isReading = value?.runs.some((run) => 'unread' in run) === true;
  useEffect(() => setReading(isReading), [isReading]);
  const [filter, setFilter] = useState('');
  const [state, setState] = useState<RunState>('all');
  const [order, setOrder] = useState<RunOrder>({ key: 'createdAt', descending: true });
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const { known, unread, damaged } = useMemo(
    () => arrangedRuns(value?.runs ?? [], state, filter, order),
    [value, state, filter, order],
  );
  if (error !== null) return <Problem error={error} />;
  if (value === null) return <p className="empty">Reading the runs…</p>;
  if (value.runs.length === 0)
    return (
      <>
        <p className="empty">
          There are no runs in this store yet. <code>assay run</code> or <code>assay demo</code> makes one; it appears
          here by itself.
        </p>
        {controls && <StartForm />}
      </>
    );
  const pick = (runId: string) =>
    setPicked((before) => new Set(before.has(runId) ? [...before].filter((one) => one !== runId) : [...before, runId]));
  return (
    <>
      <FilterBar
        title={<h1>Runs</h1>}
        choices={RUN_STATES}
        choice={state}
        onChoice={setState}
        choiceLabel="Which runs"
        text={filter}
        onText={setFilter}
        textLabel="Filter runs"
        placeholder="Filter: model, agent, dataset, id, status"
        status={`${known.length + unread.length} of ${value.runs.length - damaged.length} runs`}
      >
        {picked.size >= 2 ? (
          <a className="action" href={compareHref([...picked])}>
            Compare {picked.size} runs
          </a>
        ) : (
          <span className="quiet">Tick two runs or more to compare them</span>
        )}
      </FilterBar>
      {controls && <StartForm />}
      <div className="wide">
        <table className="runs">
          <thead>
            <tr>
              <th>
                <span className="hidden">Compare</span>
              </th>
              {RUN_COLUMNS.map(({ key, title }) => (
                <th key={key} aria-sort={order.key !== key ? 'none' : order.descending ? 'descending' : 'ascending'}>
                  <button
                    type="button"
                    onClick={() => setOrder({ key, descending: order.key === key ? !order.descending : true })}
                  >
                    {title}
                    {order.key === key ? (order.descending ? ' ↓' : ' ↑') : ''}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {known.map((run) => (
              <RunRow key={run.runId} run={run} picked={picked.has(run.runId)} onPick={() => pick(run.runId)} />
            ))}
            {unread.map((run) => (
              <UnreadRow key={run.runId} run={run} />
            ))}
          </tbody>
        </table>
      </div>
      {known.length + unread.length === 0 && <p className="empty">No run matches this filter.</p>}
      {damaged.map((run) => (
        <p className="problem" key={run.runId}>
          <strong>{run.runId}</strong> cannot be read: {visibleText(run.failure)}
        </p>
      ))}
    </>
  );
}
