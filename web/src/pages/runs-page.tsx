import { useMemo, useState } from 'react';
import type { RunLine, RunsDocument } from '../../../src/view/documents.ts';
import { useDocument } from '../data/use-document.ts';
import { usePolling } from '../data/use-polling.ts';
import { Problem } from '../parts/problem.tsx';
import { StartForm } from '../parts/start-form.tsx';
import { compareHref, runHref } from '../route.ts';
import { visibleText } from '../text/ansi.ts';
import { count, dollars, duration, moment, percent, rate } from '../text/format.ts';

const REFRESH_MS = 3_000;

type KnownRun = Exclude<RunLine, { failure: string }>;
type Key =
  | 'createdAt'
  | 'model'
  | 'agent'
  | 'dataset'
  | 'rate'
  | 'usd'
  | 'tokens'
  | 'cacheShare'
  | 'workingMs'
  | 'infraFailures'
  | 'status';

const COLUMNS: readonly { key: Key; title: string; value: (run: KnownRun) => number | string }[] = [
  { key: 'createdAt', title: 'Run', value: (run) => run.createdAt },
  { key: 'model', title: 'Model', value: (run) => run.model },
  { key: 'agent', title: 'Agent', value: (run) => run.agent },
  { key: 'dataset', title: 'Dataset', value: (run) => run.dataset },
  { key: 'rate', title: 'Resolved [95 %]', value: (run) => run.resolveRate.value },
  { key: 'usd', title: 'Cost', value: (run) => run.usd },
  { key: 'tokens', title: 'Tokens', value: tokensOf },
  { key: 'cacheShare', title: 'From cache', value: (run) => run.cacheShare },
  { key: 'workingMs', title: 'Work', value: (run) => run.workingMs },
  { key: 'infraFailures', title: 'Infra failures', value: (run) => run.infraFailures },
  { key: 'status', title: 'Status', value: (run) => run.status },
];

/** The table of all runs: sorted and filtered here, several of them picked to be compared. */
export function RunsPage({ live, controls }: { live: boolean; controls: boolean }) {
  const version = usePolling(live ? REFRESH_MS : null);
  const { value, error } = useDocument<RunsDocument>('runs.json', version);
  const [filter, setFilter] = useState('');
  const [sort, setSort] = useState<{ key: Key; descending: boolean }>({ key: 'createdAt', descending: true });
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const { known, damaged } = useMemo(() => arranged(value?.runs ?? [], filter, sort), [value, filter, sort]);
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
      <div className="bar">
        <h1>Runs</h1>
        <input
          type="search"
          aria-label="Filter runs"
          placeholder="Filter: model, agent, dataset, id, status"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        {picked.size >= 2 ? (
          <a className="action" href={compareHref([...picked])}>
            Compare {picked.size} runs
          </a>
        ) : (
          <span className="quiet">Tick two runs or more to compare them</span>
        )}
      </div>
      {controls && <StartForm />}
      <div className="wide">
        <table className="runs">
          <thead>
            <tr>
              <th>
                <span className="hidden">Compare</span>
              </th>
              {COLUMNS.map(({ key, title }) => (
                <th key={key} aria-sort={sort.key !== key ? 'none' : sort.descending ? 'descending' : 'ascending'}>
                  <button
                    type="button"
                    onClick={() => setSort({ key, descending: sort.key === key ? !sort.descending : true })}
                  >
                    {title}
                    {sort.key === key ? (sort.descending ? ' ↓' : ' ↑') : ''}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {known.map((run) => (
              <RunRow key={run.runId} run={run} picked={picked.has(run.runId)} onPick={() => pick(run.runId)} />
            ))}
          </tbody>
        </table>
      </div>
      {known.length === 0 && <p className="empty">No run matches this filter.</p>}
      {damaged.map((run) => (
        <p className="problem" key={run.runId}>
          <strong>{run.runId}</strong> cannot be read: {visibleText(run.failure)}
        </p>
      ))}
    </>
  );
}

function RunRow({ run, picked, onPick }: { run: KnownRun; picked: boolean; onPick: () => void }) {
  return (
    <tr>
      <td>
        <input type="checkbox" aria-label={`Compare ${run.runId}`} checked={picked} onChange={onPick} />
      </td>
      <td>
        <a href={runHref(run.runId)}>{run.runId}</a>
        <div className="quiet">{moment(run.createdAt)}</div>
      </td>
      <td>{visibleText(run.model)}</td>
      <td>{visibleText(run.agent)}</td>
      <td>
        {visibleText(run.dataset)}
        <div className="quiet">
          {run.instances} × {run.instances === 0 ? 0 : Math.round(run.attempts / run.instances)}
        </div>
      </td>
      <td className="number">
        {run.finished === 0 ? 'no verdict yet' : rate(run.resolveRate)}
        <div className="quiet">
          {run.resolved} of {run.finished}
        </div>
      </td>
      <td className="number">{dollars(run.usd, run.unknownCosts)}</td>
      <td className="number">{count(tokensOf(run))}</td>
      <td className="number">{percent(run.cacheShare)}</td>
      <td className="number">{duration(run.workingMs)}</td>
      <td className="number">{run.infraFailures}</td>
      <td>{run.status}</td>
    </tr>
  );
}

function tokensOf({ usage }: KnownRun): number {
  return usage.inputUncached + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h + usage.output;
}

function arranged(runs: readonly RunLine[], filter: string, sort: { key: Key; descending: boolean }) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const known: KnownRun[] = [];
  const damaged: Extract<RunLine, { failure: string }>[] = [];
  for (const run of runs) {
    if ('failure' in run) damaged.push(run);
    else {
      const text = `${run.runId} ${run.model} ${run.agent} ${run.dataset} ${run.status}`.toLowerCase();
      if (words.every((word) => text.includes(word))) known.push(run);
    }
  }
  const value = COLUMNS.find((column) => column.key === sort.key)?.value ?? ((run: KnownRun) => run.createdAt);
  const sign = sort.descending ? -1 : 1;
  known.sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    return sign * (left < right ? -1 : left > right ? 1 : 0);
  });
  return { known, damaged };
}
