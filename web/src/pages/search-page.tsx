import { useMemo, useState } from 'react';
import type { SearchScope } from '../../../src/view/documents.ts';
import { type SearchHit, useStoreSearch } from '../data/use-store-search.ts';
import { FilterBar } from '../parts/filter-bar.tsx';
import { Problem } from '../parts/problem.tsx';
import { attemptHref, searchHref } from '../route.ts';
import { visibleText } from '../text/ansi.ts';

const SCOPES: readonly [SearchScope, string][] = [
  ['text', 'anywhere'],
  ['command', 'in what was run'],
  ['file', 'in names of changed files'],
];

interface SearchPageProps {
  text: string;
  scope: SearchScope;
  /** Null: all runs. */
  runId: string | null;
  live: boolean;
}

/** Which attempts of the store have a text, ran a command or changed a file. */
export function SearchPage({ text, scope, runId, live }: SearchPageProps) {
  const [typed, setTyped] = useState(text);
  const [where, setWhere] = useState(scope);
  const [run, setRun] = useState(runId ?? '');
  const search = useStoreSearch(live && text.length >= 2 ? text : null, scope, runId);
  const groups = useMemo(() => [...Map.groupBy(search.hits, attemptOf)], [search.hits]);
  if (!live)
    return (
      <p className="empty">
        A static export cannot search all attempts: start <code>assay view</code> on the folder of the runs.
      </p>
    );
  return (
    <>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          location.hash = searchHref(typed.trim(), where, run.trim() === '' ? null : run.trim());
        }}
      >
        <FilterBar
          title={<h1>Search</h1>}
          choices={SCOPES}
          choice={where}
          onChoice={setWhere}
          choiceLabel="Where to look"
          text={typed}
          onText={setTyped}
          textLabel="Text to look for"
          placeholder="Text, command or file"
          status={statusOf(text, search, groups.length)}
        >
          <input
            type="search"
            className="short"
            aria-label="Only this run"
            placeholder="All runs"
            value={run}
            onChange={(event) => setRun(event.target.value)}
          />
          <button type="submit" disabled={typed.trim().length < 2}>
            Search
          </button>
        </FilterBar>
      </form>
      {text.length < 2 && (
        <p className="empty">
          Looks into every attempt of the store: at texts anywhere in the log, the patch and what the tests printed; at
          commands that were run; or at names of files that were changed. Case does not matter.
        </p>
      )}
      {search.error !== null && <Problem error={search.error} />}
      {groups.map(([key, hits]) => (
        <Hits key={key} hits={hits} />
      ))}
      {search.problems.map((problem) => (
        <p className="problem" key={problem}>
          Passed over: {visibleText(problem)}
        </p>
      ))}
    </>
  );
}

function statusOf(text: string, search: ReturnType<typeof useStoreSearch>, attempts: number): string {
  if (text.length < 2 || search.error !== null) return '';
  const found = `${search.hits.length}${search.limited ? ' or more' : ''} places in ${attempts} attempts`;
  if (!search.done) return `${found}; looked into ${search.looked} of ${search.of} attempts`;
  return search.hits.length === 0 ? `Nothing found in ${search.of} attempts` : found;
}

const attemptOf = (hit: SearchHit) => `${hit.runId}/${hit.folder}/${hit.attempt}`;

function Hits({ hits }: { hits: readonly SearchHit[] }) {
  const [first] = hits;
  if (first === undefined) return null;
  const { runId, folder, attempt, instanceId } = first;
  return (
    <section className="hits">
      <h2>
        <a href={attemptHref(runId, folder, attempt)}>
          {runId} / {visibleText(instanceId)} #{attempt}
        </a>
      </h2>
      <ul className="plain">
        {hits.map((hit) => (
          <li key={`${hit.step} ${hit.place} ${hit.excerpt}`}>
            <a href={attemptHref(runId, folder, attempt, hit.step ?? undefined)}>
              {hit.step === null ? hit.place : `step ${hit.step}, ${hit.place}`}
            </a>
            <pre dir="ltr">{visibleText(hit.excerpt)}</pre>
          </li>
        ))}
      </ul>
    </section>
  );
}
