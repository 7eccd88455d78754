import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { takeToken } from './data/session.ts';
import './style.css';
import './attempt.css';
import './screens.css';
import './controls.css';
import './terminal.css';

const element = document.getElementById('root');
if (element === null) throw new Error('the page has no root element');
applyStoredTheme();
takeToken();
createRoot(element).render(<App />);

function applyStoredTheme(): void {
  const theme = localStorage.getItem('theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
}
