import { runHref } from '../route.ts';
import { visibleText } from '../text/ansi.ts';
import { type KnownRun, RUN_COLUMNS, tokensOf, type UnreadRun } from '../text/arranged-runs.ts';
import { count, dollars, duration, moment, percent, rate } from '../text/format.ts';

/** A run in the table. On narrow screens each cell stands below its title, which it says itself. */
export function RunRow({ run, picked, onPick }: { run: KnownRun; picked: boolean; onPick: () => void }) {
  return (
    <tr>
      <td>
        <input type="checkbox" aria-label={`Compare ${run.runId}`} checked={picked} onChange={onPick} />
      </td>
      <td>
        <a href={runHref(run.runId)}>{run.runId}</a>
        <div className="quiet">{moment(run.createdAt)}</div>
      </td>
      <td data-title="Model">{visibleText(run.model)}</td>
      <td data-title="Agent">{visibleText(run.agent)}</td>
      <td data-title="Dataset">
        {visibleText(run.dataset)}
        <div className="quiet">
          {run.instances} × {run.instances === 0 ? 0 : Math.round(run.attempts / run.instances)}
        </div>
      </td>
      <td className="number" data-title="Resolved [95 %]">
        {run.finished === 0 ? 'no verdict yet' : rate(run.resolveRate)}
        <div className="quiet">
          {run.resolved} of {run.finished}
        </div>
      </td>
      <td className="number" data-title="Cost">
        {dollars(run.usd, run.unknownCosts)}
      </td>
      <td className="number" data-title="Tokens">
        {count(tokensOf(run))}
      </td>
      <td className="number" data-title="From cache">
        {percent(run.cacheShare)}
      </td>
      <td className="number" data-title="Work">
        {duration(run.workingMs)}
      </td>
      <td className="number" data-title="Infra failures">
        {run.infraFailures}
      </td>
      <td data-title="Status">{run.status}</td>
    </tr>
  );
}

/** A run of which only its lock is known. */
export function UnreadRow({ run }: { run: UnreadRun }) {
  return (
    <tr>
      <td />
      <td>
        <a href={runHref(run.runId)}>{run.runId}</a>
        <div className="quiet">{moment(run.createdAt)}</div>
      </td>
      <td data-title="Model">{visibleText(run.model)}</td>
      <td data-title="Agent">{visibleText(run.agent)}</td>
      <td data-title="Dataset">{visibleText(run.dataset)}</td>
      <td colSpan={RUN_COLUMNS.length - 4} className="quiet">
        Its log is being read…
      </td>
    </tr>
  );
}
