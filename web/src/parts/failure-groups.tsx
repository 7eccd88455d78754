import type { GridCell } from '../../../src/view/documents.ts';
import { attemptHref } from '../route.ts';
import { visibleText } from '../text/ansi.ts';
import { toneOf, wordsOf } from './verdict-badge.tsx';

const SHOWN_GROUPS = 12;
const SHOWN_MEMBERS = 5;

/** Attempts that did not resolve, by verdict or failure and by the first test that does not pass. */
export function FailureGroups({ runId, cells }: { runId: string; cells: readonly GridCell[] }) {
  const failed = cells.filter((cell) => ['bad', 'infra'].includes(toneOf(cell)));
  const groups = [...Map.groupBy(failed, reasonOf)].sort(([, a], [, b]) => b.length - a.length);
  return (
    <section>
      <h2>Why it failed</h2>
      {groups.length === 0 && <p className="quiet">Nothing has failed.</p>}
      <ul className="plain">
        {groups.slice(0, SHOWN_GROUPS).map(([reason, members]) => (
          <li key={reason}>
            <strong>{members.length}</strong> {visibleText(reason)}
            <div>
              {members.slice(0, SHOWN_MEMBERS).map((cell) => (
                <a key={`${cell.folder}/${cell.attempt}`} href={attemptHref(runId, cell.folder, cell.attempt)}>
                  {visibleText(cell.instanceId)} #{cell.attempt}
                </a>
              ))}
              {members.length > SHOWN_MEMBERS && (
                <span className="quiet"> and {members.length - SHOWN_MEMBERS} more</span>
              )}
            </div>
          </li>
        ))}
      </ul>
      {groups.length > SHOWN_GROUPS && <p className="quiet">and {groups.length - SHOWN_GROUPS} more reasons</p>}
    </section>
  );
}

function reasonOf(cell: GridCell): string {
  return cell.firstFailing === null ? wordsOf(cell) : `${wordsOf(cell)}: ${cell.firstFailing}`;
}
