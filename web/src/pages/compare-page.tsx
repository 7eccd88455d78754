import type { ComparedPair, ComparedRun } from '../../../src/report/compare-runs.ts';
import type { CompareDocument } from '../../../src/view/documents.ts';
import { useDocument } from '../data/use-document.ts';
import { PlotOnDemand } from '../parts/plot-on-demand.tsx';
import { Problem } from '../parts/problem.tsx';
import { SvgPlot } from '../parts/svg-plot.tsx';
import { attemptHref, diffHref, runHref } from '../route.ts';
import { visibleText } from '../text/ansi.ts';
import { count, dollars, percent, rate } from '../text/format.ts';

/** Runs side by side: rates, cost, what each solved that the other did not, and whether that is more than noise. */
export function ComparePage({ runIds }: { runIds: readonly string[] }) {
  const path = `compare/${runIds.map(encodeURIComponent).join(',')}.json`;
  const { value, error } = useDocument<CompareDocument>(path);
  if (error !== null) return <Problem error={error} />;
  if (value === null) return <p className="empty">Comparing…</p>;
  return (
    <>
      <h1>{runIds.length === 1 ? 'Curves and costs' : 'Compare'}</h1>
      <ComparedRuns runs={value.comparison.runs} />
      {value.comparison.pairs.map((pair) => (
        <PairSection key={`${pair.a} ${pair.b}`} pair={pair} folders={value.folders} />
      ))}
      <h2>Cost against accuracy</h2>
      <SvgPlot
        svg={value.svg}
        name="cost-accuracy"
        words="Dollars per instance against resolve rate, with 95 % intervals and the Pareto front"
      />
      <PlotOnDemand
        title="Best of k attempts, against k and dollars"
        kind="curves"
        runIds={runIds}
        nothing="Curves need two attempts or more at an instance: compare several runs, or make one with --attempts."
      />
      <PlotOnDemand
        title="Payout and return"
        kind="payout"
        runIds={runIds}
        nothing="A drawing needs a data set whose tasks have prices."
      />
      <Repositories repositories={value.repositories} />
    </>
  );
}

function ComparedRuns({ runs }: { runs: readonly ComparedRun[] }) {
  return (
    <div className="wide">
      <table>
        <thead>
          <tr>
            {[
              'Run',
              'Model',
              'Resolved [95 %]',
              '$ per instance',
              'Tokens per instance',
              'From cache',
              's per instance',
              'Pareto front',
            ].map((title) => (
              <th key={title}>{title}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.runId}>
              <td>
                <a href={runHref(run.runId)}>{run.runId}</a>
              </td>
              <td>{visibleText(run.model)}</td>
              <td className="number">
                {rate(run.rate)}{' '}
                <span className="quiet">
                  {run.resolved} of {run.finished}
                </span>
              </td>
              <td className="number">{run.usdPerInstance === null ? 'unknown' : dollars(run.usdPerInstance)}</td>
              <td className="number">{count(run.tokensPerInstance)}</td>
              <td className="number">{percent(run.cacheShare)}</td>
              <td className="number">{run.secondsPerInstance.toFixed(1)}</td>
              <td>{run.onFront ? 'yes' : 'no'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

type Folders = CompareDocument['folders'];

function PairSection({ pair, folders }: { pair: ComparedPair; folders: Folders }) {
  const groups: [string, readonly string[]][] = [
    ['Broke: only the first solves', pair.onlyA],
    ['Fixed: only the second solves', pair.onlyB],
    ['Both solve', pair.both],
    ['Neither solves', pair.neither],
  ];
  return (
    <section>
      <h2>
        {pair.a} against {pair.b}
      </h2>
      <p className="verdict">{pair.words}</p>
      <div className="columns">
        {groups.map(([title, ids]) => (
          <details key={title} open={ids.length > 0 && ids.length <= 20}>
            <summary>
              {title}: <strong>{ids.length}</strong>
            </summary>
            <ul className="plain">
              {ids.map((id) => (
                <li key={id}>
                  {visibleText(id)}{' '}
                  <a href={attemptHref(pair.a, folderOf(folders, id), 1)} aria-label={visibleText(`first, ${id}`)}>
                    first
                  </a>{' '}
                  <a href={attemptHref(pair.b, folderOf(folders, id), 1)} aria-label={visibleText(`second, ${id}`)}>
                    second
                  </a>{' '}
                  <a
                    href={diffHref(
                      { runId: pair.a, folder: folderOf(folders, id), attempt: 1 },
                      { runId: pair.b, folder: folderOf(folders, id), attempt: 1 },
                    )}
                    aria-label={visibleText(`both step by step, ${id}`)}
                  >
                    both
                  </a>
                </li>
              ))}
            </ul>
          </details>
        ))}
      </div>
    </section>
  );
}

function Repositories({ repositories }: Pick<CompareDocument, 'repositories'>) {
  return (
    <>
      <h2>By repository</h2>
      <div className="wide">
        <table>
          <thead>
            <tr>
              <th>Repository</th>
              {repositories[0]?.resolved.map((run) => (
                <th key={run.runId}>{run.runId}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {repositories.map(({ repo, resolved }) => (
              <tr key={repo}>
                <td>{visibleText(repo)}</td>
                {resolved.map((run) => (
                  <td className="number" key={run.runId}>
                    {run.resolved} of {run.judged}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** Ids come from data sets: one may be called like a member of all objects. */
function folderOf(folders: Folders, id: string): string {
  return (Object.hasOwn(folders, id) ? folders[id] : undefined) ?? id;
}
