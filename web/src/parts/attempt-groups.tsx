import type { GridCell } from '../../../src/view/documents.ts';
import { attemptHref } from '../route.ts';
import { visibleText } from '../text/ansi.ts';

const SHOWN_GROUPS = 12;
const SHOWN_MEMBERS = 5;

interface AttemptGroupsProps {
  runId: string;
  title: string;
  cells: readonly GridCell[];
  /** Null: the attempt belongs to no group. */
  by: (cell: GridCell) => string | null;
  /** What to say when there is no group. */
  none: string;
}

/** Attempts that have something in common, the largest group first. */
export function AttemptGroups({ runId, title, cells, by, none }: AttemptGroupsProps) {
  const named = cells.flatMap((cell) => {
    const name = by(cell);
    return name === null ? [] : [{ name, cell }];
  });
  const groups = [...Map.groupBy(named, ({ name }) => name)].sort(([, a], [, b]) => b.length - a.length);
  return (
    <section>
      <h2>{title}</h2>
      {groups.length === 0 && <p className="quiet">{none}</p>}
      <ul className="plain">
        {groups.slice(0, SHOWN_GROUPS).map(([name, members]) => (
          <li key={name}>
            <strong>{members.length}</strong> {visibleText(name)}
            <div>
              {members.slice(0, SHOWN_MEMBERS).map(({ cell }) => (
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
      {groups.length > SHOWN_GROUPS && <p className="quiet">and {groups.length - SHOWN_GROUPS} more</p>}
    </section>
  );
}
