/** The published sets of SWE-Lancer by their totals. A number of dollars means nothing without the set: two of them are called "IC Diamond". */
import type { TaskKind } from '../../contracts/index.ts';
import type { PriceTotals, Total } from '../price-totals.ts';

export interface KnownSet {
  name: string;
  kind: TaskKind;
  total: Total;
}

const known = (name: string, kind: TaskKind, tasks: number, dollars: number): KnownSet => ({
  name,
  kind,
  total: { tasks, dollars },
});

/** Counted from the public files, or (full, manager Diamond) as published. */
export const KNOWN_SETS: readonly KnownSet[] = [
  known('full benchmark', 'ic', 764, 414_775),
  known('full benchmark', 'manager', 724, 585_225),
  known('Diamond, release of February 2025', 'ic', 237, 236_300),
  known('Diamond, offline since July 2025', 'ic', 198, 189_300),
  known('Diamond', 'manager', 265, 264_500),
  known('Lite (Diamond from $1,000 on)', 'ic', 61, 175_000),
  known('Lite (Diamond from $1,000 on)', 'manager', 113, 202_000),
  known('public, not Diamond, July 2025', 'ic', 381, 126_650),
];

/** The known set with exactly these totals of the kind; undefined for any other number of tasks or dollars. */
export function knownSet(kind: TaskKind, totals: PriceTotals): KnownSet | undefined {
  const { tasks, dollars } = totals.byKind[kind];
  return KNOWN_SETS.find((set) => set.kind === kind && set.total.tasks === tasks && set.total.dollars === dollars);
}
