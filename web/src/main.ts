/** Begins with asking for the documents of the address, so that the server reads while the browser makes ready what draws them. */
import { fetchEarly } from './data/fetch-document.ts';
import { firstDocuments } from './data/first-documents.ts';
import { IS_LIVE, takeToken } from './data/session.ts';
import { parseRoute } from './route.ts';
import './style.css';
import './attempt.css';
import './screens.css';
import './controls.css';
import './terminal.css';

applyStoredTheme();
takeToken();
fetchEarly(['site.json', ...firstDocuments(parseRoute(location.hash), IS_LIVE)]);
void import('./draw-pages.tsx').then(({ drawPages }) => drawPages());

function applyStoredTheme(): void {
  const theme = localStorage.getItem('theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
}
