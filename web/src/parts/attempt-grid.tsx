import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import type { GridCell } from '../../../src/view/documents.ts';
import { attemptHref } from '../route.ts';
import { visibleText } from '../text/ansi.ts';
import { dollars } from '../text/format.ts';
import { toneOf, wordsOf } from './verdict-badge.tsx';

const ROW_PIXELS = 34;

/** Instances down, attempts across; only the rows in sight are in the page. */
export function AttemptGrid({ runId, cells }: { runId: string; cells: readonly GridCell[] }) {
  const rows = useMemo(() => [...Map.groupBy(cells, (cell) => cell.instanceId)], [cells]);
  const scroller = useRef<HTMLElement | null>(null);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PIXELS,
    overscan: 10,
  });
  if (rows.length === 0) return <p className="empty">No attempt matches.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard
    <section className="grid" ref={scroller} tabIndex={0} aria-label="Attempts by instance">
      <div style={{ height: list.getTotalSize() }}>
        {list.getVirtualItems().map((item) => {
          const [instanceId, attempts] = rows[item.index] ?? ['', []];
          return (
            <div className="grid-row" key={item.key} style={{ transform: `translateY(${item.start}px)` }}>
              <span className="grid-name" title={visibleText(instanceId)}>
                {visibleText(instanceId)}
              </span>
              {attempts.map((cell) => (
                <a
                  key={cell.attempt}
                  className={`cell tone-${toneOf(cell)}`}
                  href={attemptHref(runId, cell.folder, cell.attempt)}
                  title={titleOf(cell)}
                >
                  <span className="quiet">{cell.attempt}</span> {wordsOf(cell)}
                  {cell.score !== null && <span className="cell-score"> {cell.score.value.toFixed(2)}</span>}
                </a>
              ))}
            </div>
          );
        })}
      </div>
    </section>
  );
}

function titleOf(cell: GridCell): string {
  const score = cell.score === null ? '' : `, ${cell.score.critic}: ${cell.score.value.toFixed(3)}`;
  return `attempt ${cell.attempt}: ${wordsOf(cell)}, ${cell.steps} steps, ${dollars(cell.usd, cell.unknownCosts)}${score}`;
}
