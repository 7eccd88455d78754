/** The grid of a run as columns, each text once: a fraction of the size of one object per attempt, and read in a fraction of the time. Pages import this. */
import type { GridCell } from './documents.ts';

export interface GridColumns {
  /** Every text that stands in a cell. */
  texts: string[];
  /** Per cell, in the order of the grid: places in `texts`, -1 for null. */
  places: Record<TextKey, number[]>;
  numbers: Record<NumberKey, number[]>;
  /** A critic's; null where there is none. */
  scores: (number | null)[];
}

const TEXT_KEYS = [
  'instanceId',
  'repo',
  'folder',
  'state',
  'verdict',
  'outcome',
  'failure',
  'firstFailing',
  'flag',
] as const;
const NUMBER_KEYS = ['attempt', 'steps', 'usd', 'unknownCosts', 'workingMs', 'patchBytes'] as const;
type TextKey = (typeof TEXT_KEYS)[number] | 'critic';
type NumberKey = (typeof NUMBER_KEYS)[number];

export function gridColumns(cells: readonly GridCell[]): GridColumns {
  const known = new Map<string, number>();
  const placeOf = (text: string | null) => {
    if (text === null) return -1;
    const place = known.get(text) ?? known.size;
    known.set(text, place);
    return place;
  };
  const columns = <Key extends string, T>(keys: readonly Key[], value: (cell: GridCell, key: Key) => T) =>
    Object.fromEntries(keys.map((key) => [key, cells.map((cell) => value(cell, key))])) as Record<Key, T[]>;
  const places = {
    ...columns(TEXT_KEYS, (cell, key) => placeOf(cell[key])),
    critic: cells.map(({ score }) => placeOf(score?.critic ?? null)),
  };
  return {
    texts: [...known.keys()],
    places,
    numbers: columns(NUMBER_KEYS, (cell, key) => cell[key]),
    scores: cells.map(({ score }) => score?.value ?? null),
  };
}

/** The cells that the columns were made from. Member by member: ten thousand of them are made while somebody waits. */
export function gridCells({ texts, places, numbers, scores }: GridColumns): GridCell[] {
  const text = (key: TextKey, at: number) => texts[places[key][at] ?? -1] ?? null;
  const number = (key: NumberKey, at: number) => numbers[key][at] ?? 0;
  return places.instanceId.map((_, at) => {
    const value = scores[at] ?? null;
    return {
      instanceId: text('instanceId', at) ?? '',
      attempt: number('attempt', at),
      state: text('state', at) as GridCell['state'],
      verdict: text('verdict', at) as GridCell['verdict'],
      outcome: text('outcome', at),
      steps: number('steps', at),
      usd: number('usd', at),
      unknownCosts: number('unknownCosts', at),
      workingMs: number('workingMs', at),
      failure: text('failure', at),
      score: value === null ? null : { critic: text('critic', at) ?? '', value },
      repo: text('repo', at) ?? '',
      folder: text('folder', at) ?? '',
      patchBytes: number('patchBytes', at),
      firstFailing: text('firstFailing', at),
      flag: text('flag', at),
    };
  });
}
