import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { openSession } from './data/open-session.ts';
import './style.css';
import './attempt.css';
import './screens.css';
import './controls.css';
import './terminal.css';

const element = document.getElementById('root');
if (element === null) throw new Error('the page has no root element');
applyStoredTheme();
// A token that is not taken shows as the first document's refusal, with what to do.
await openSession();
createRoot(element).render(<App />);

function applyStoredTheme(): void {
  const theme = localStorage.getItem('theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
}
