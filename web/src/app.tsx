import type { SiteDocument } from '../../src/view/documents.ts';
import { IS_LIVE } from './data/session.ts';
import { useDocument } from './data/use-document.ts';
import { useHash } from './data/use-hash.ts';
import { AttemptPage } from './pages/attempt-page.tsx';
import { ComparePage } from './pages/compare-page.tsx';
import { DiffPage } from './pages/diff-page.tsx';
import { RunPage } from './pages/run-page.tsx';
import { RunsPage } from './pages/runs-page.tsx';
import { SearchPage } from './pages/search-page.tsx';
import { Problem } from './parts/problem.tsx';
import { ThemeButton } from './parts/theme-button.tsx';
import { parseRoute } from './route.ts';

export function App() {
  const site = useDocument<SiteDocument>('site.json');
  return (
    <>
      <button type="button" className="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to content
      </button>
      <header className="top">
        <a href="#/" className="brand">
          Assay
        </a>
        {IS_LIVE ? <a href="#/search">Search</a> : <span className="quiet">static export</span>}
        <ThemeButton />
      </header>
      <main id="main" tabIndex={-1}>
        {site.error !== null && <Problem error={site.error} />}
        {site.error === null && <Page live={IS_LIVE} controls={site.value?.controls === true} />}
      </main>
    </>
  );
}

function Page({ live, controls }: { live: boolean; controls: boolean }) {
  const route = parseRoute(useHash());
  switch (route.page) {
    case 'runs':
      return <RunsPage live={live} controls={controls} />;
    case 'run':
      return <RunPage key={route.runId} runId={route.runId} live={live} controls={controls} />;
    case 'attempt': {
      const key = `${route.runId}/${route.folder}/${route.attempt}`;
      return <AttemptPage key={key} {...route} live={live} controls={controls} />;
    }
    case 'diff':
      return <DiffPage key={location.hash} left={route.left} right={route.right} />;
    case 'search':
      return <SearchPage key={location.hash} {...route} live={live} />;
    case 'compare':
      return <ComparePage runIds={route.runIds} />;
    default:
      return (
        <p className="empty">
          There is no such page. <a href="#/">All runs</a>
        </p>
      );
  }
}
