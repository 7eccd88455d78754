import { useState } from 'react';
import type { PlotDocument } from '../../../src/view/documents.ts';
import { useDocument } from '../data/use-document.ts';
import { visibleText } from '../text/ansi.ts';
import { Problem } from './problem.tsx';
import { SvgPlot } from './svg-plot.tsx';

interface PlotOnDemandProps {
  title: string;
  kind: 'curves' | 'payout';
  runIds: readonly string[];
  /** What to say when there is nothing to draw. */
  nothing: string;
}

/** Figures that take the server a while: made when they are opened. */
export function PlotOnDemand({ title, kind, runIds, nothing }: PlotOnDemandProps) {
  const [open, setOpen] = useState(false);
  const runs = [...runIds].sort().map(encodeURIComponent).join(',');
  const { value, error } = useDocument<PlotDocument>(open ? `${kind}/${runs}.json` : null);
  return (
    <details className="on-demand" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>{title}</h2>
      </summary>
      {error !== null && <Problem error={error} />}
      {open && value === null && error === null && <p className="empty">Reckoning…</p>}
      {value !== null && value.svg === null && <p className="quiet">{nothing}</p>}
      {value !== null && value.svg !== null && <SvgPlot svg={value.svg} name={kind} words={title} />}
      {value !== null && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard
        <section className="pre" tabIndex={0} aria-label={`${title} in figures`}>
          <pre>{visibleText(value.text)}</pre>
        </section>
      )}
    </details>
  );
}
