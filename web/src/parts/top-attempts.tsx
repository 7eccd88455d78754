import type { GridCell } from '../../../src/view/documents.ts';
import { attemptHref } from '../route.ts';
import { visibleText } from '../text/ansi.ts';

const SHOWN = 8;

interface TopAttemptsProps {
  runId: string;
  title: string;
  cells: readonly GridCell[];
  by: (cell: GridCell) => number;
  text: (cell: GridCell) => string;
}

/** The attempts with the largest value of something. */
export function TopAttempts({ runId, title, cells, by, text }: TopAttemptsProps) {
  const top = [...cells]
    .sort((a, b) => by(b) - by(a))
    .slice(0, SHOWN)
    .filter((cell) => by(cell) > 0);
  return (
    <section>
      <h2>{title}</h2>
      {top.length === 0 && <p className="quiet">Nothing yet.</p>}
      <ol className="plain">
        {top.map((cell) => (
          <li key={`${cell.folder}/${cell.attempt}`}>
            <a href={attemptHref(runId, cell.folder, cell.attempt)}>
              {visibleText(cell.instanceId)} #{cell.attempt}
            </a>{' '}
            <span className="quiet">{text(cell)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
