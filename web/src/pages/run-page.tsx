import { useMemo, useState } from 'react';
import type { GridCell, RunDocument } from '../../../src/view/documents.ts';
import { gridCells } from '../../../src/view/grid-columns.ts';
import { runDocumentPath } from '../data/fetch-document.ts';
import { useLiveDocument } from '../data/use-live-document.ts';
import { AttemptGrid } from '../parts/attempt-grid.tsx';
import { AttemptGroups } from '../parts/attempt-groups.tsx';
import { Distribution } from '../parts/distribution.tsx';
import { FigureList } from '../parts/figure-list.tsx';
import { FilterBar } from '../parts/filter-bar.tsx';
import { Problem } from '../parts/problem.tsx';
import { RequeueButton } from '../parts/requeue-button.tsx';
import { RunControlBar } from '../parts/run-control-bar.tsx';
import { TopAttempts } from '../parts/top-attempts.tsx';
import { toneOf, wordsOf } from '../parts/verdict-badge.tsx';
import { compareHref, runHref, searchHref } from '../route.ts';
import { visibleText } from '../text/ansi.ts';
import { count, dollars, duration, moment, percent, rate } from '../text/format.ts';

const TONES = [
  ['all', 'all'],
  ['good', 'resolved'],
  ['bad', 'not resolved'],
  ['infra', 'infrastructure'],
  ['busy', 'under way'],
  ['none', 'not begun'],
  ['flagged', 'flagged'],
] as const;
type Shown = (typeof TONES)[number][0];

/** One run: its figures, the grid of instances and attempts, and where it failed. */
export function RunPage({ runId, live, controls }: { runId: string; live: boolean; controls: boolean }) {
  const { value, error } = useLiveDocument<RunDocument>({
    path: runDocumentPath(runId),
    livePath: live ? encodeURIComponent(runId) : null,
    isSettled: ({ report }) => report.status === 'completed',
  });
  const [shown, setShown] = useState<Shown>('all');
  const [filter, setFilter] = useState('');
  const all = useMemo(() => (value === null ? [] : gridCells(value.attempts)), [value]);
  const cells = useMemo(() => shownCells(all, shown, filter), [all, shown, filter]);
  const shownIds = useMemo(() => [...new Set(cells.map((cell) => cell.instanceId))], [cells]);
  if (error !== null) return <Problem error={error} />;
  if (value === null) return <p className="empty">Reading the run…</p>;
  const { report } = value;
  return (
    <>
      <h1>{runId}</h1>
      <p className="quiet">
        {visibleText(`${report.model} with ${report.agent} on ${report.dataset}`)} · {moment(value.createdAt)} ·{' '}
        {report.status} · limits {value.limits} · {visibleText(value.host)}
      </p>
      {value.requeueOf !== null && (
        <p className="quiet">
          Instances of <a href={runHref(value.requeueOf)}>{value.requeueOf}</a> attempted again: they were chosen, so
          this rate is not comparable with that one.
        </p>
      )}
      {controls && <RunControlBar runId={runId} report={report} />}
      {value.failure !== null && <p className="problem">Stopped early: {visibleText(value.failure)}</p>}
      <FigureList figures={figuresOf(value)} />
      <p>
        <a href={compareHref([runId])}>Curves, cost and payout of this run</a>
        {live && (
          <>
            {' · '}
            <a href={searchHref('', 'text', runId)}>Search its attempts</a>
          </>
        )}
      </p>
      <FilterBar
        title={<h2>Attempts</h2>}
        choices={TONES}
        choice={shown}
        onChoice={setShown}
        choiceLabel="Which attempts"
        text={filter}
        onText={setFilter}
        textLabel="Filter instances"
        placeholder="Filter: instance or repository"
        status={`${cells.length} attempts`}
      />
      {controls && (
        <p className="bar">
          <RequeueButton
            runId={runId}
            instances={shownIds}
            words={`Attempt ${shownIds.length === 1 ? 'this instance' : `these ${shownIds.length} instances`} again`}
          />
        </p>
      )}
      <AttemptGrid runId={runId} cells={cells} />
      <Distributions cells={all} />
      <div className="columns">
        <AttemptGroups runId={runId} title="Why it failed" cells={all} by={reasonOf} none="Nothing has failed." />
        <AttemptGroups
          runId={runId}
          title="Flagged"
          cells={all}
          by={(cell) => cell.flag}
          none="Nothing asks for a second look."
        />
        <TopAttempts
          runId={runId}
          title="Dearest"
          cells={all}
          by={(cell) => cell.usd}
          text={(cell) => dollars(cell.usd, cell.unknownCosts)}
        />
        <TopAttempts
          runId={runId}
          title="Slowest"
          cells={all}
          by={(cell) => cell.workingMs}
          text={(cell) => duration(cell.workingMs)}
        />
        <TopAttempts
          runId={runId}
          title="Most steps"
          cells={all}
          by={(cell) => cell.steps}
          text={(cell) => `${cell.steps} steps`}
        />
      </div>
    </>
  );
}

/** Of attempts that have made a step. */
function Distributions({ cells }: { cells: readonly GridCell[] }) {
  const { steps, usd, workingMs } = useMemo(() => {
    const made = cells.filter((cell) => cell.steps > 0);
    return {
      steps: made.map((cell) => cell.steps),
      usd: made.filter((cell) => cell.unknownCosts === 0).map((cell) => cell.usd),
      workingMs: made.map((cell) => cell.workingMs),
    };
  }, [cells]);
  return (
    <div className="columns">
      <Distribution title="Steps" values={steps} text={String} />
      <Distribution title="Cost" values={usd} text={oneCost} />
      <Distribution title="Time" values={workingMs} text={duration} />
    </div>
  );
}

const oneCost = (usd: number) => dollars(usd);

function figuresOf({ report }: RunDocument): [string, string][] {
  const { usage } = report;
  const input = usage.inputUncached + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
  return [
    ['resolved', `${report.resolved} of ${report.finished}`],
    ['rate [95 %]', report.finished === 0 ? 'no verdict yet' : rate(report.resolveRate)],
    ...(report.infraFailures === 0
      ? []
      : ([['infra as failures', rate(report.resolveRateStrict)]] satisfies [string, string][])),
    ...report.passAtK.map(({ k, value }): [string, string] => [`pass@${k}`, percent(value)]),
    ['infra failures', String(report.infraFailures)],
    ['cost', dollars(report.usd, report.unknownCosts)],
    ['input tokens', count(input)],
    ['from cache', percent(report.cacheShare)],
    ['output tokens', count(usage.output)],
    ['work', duration(report.workingMs)],
  ];
}

function shownCells(cells: readonly GridCell[], shown: Shown, filter: string): GridCell[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return cells.filter((cell) => {
    if (shown === 'flagged' ? cell.flag === null : shown !== 'all' && toneOf(cell) !== shown) return false;
    const text = `${cell.instanceId} ${cell.repo}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** Of attempts that did not resolve: the verdict or failure, and the first test that does not pass. */
function reasonOf(cell: GridCell): string | null {
  if (!['bad', 'infra'].includes(toneOf(cell))) return null;
  return cell.firstFailing === null ? wordsOf(cell) : `${wordsOf(cell)}: ${cell.firstFailing}`;
}
