import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';

/** Puts the pages in place of what stood there while they were loaded. */
export function drawPages(): void {
  const element = document.getElementById('root');
  if (element === null) throw new Error('the page has no root element');
  createRoot(element).render(<App />);
}
