import { useState } from 'react';

/** Entries of a list that a browser is given to lay out at once: higher ones than some ten million pixels end where browsers do, and what lies below can never be reached. */
const PART_ENTRIES = 10_000;

export interface ListPart {
  part: number;
  parts: number;
  /** Places of its entries: `from` and those before `to`. */
  from: number;
  to: number;
  turnTo: (part: number) => void;
}

/** The part of a long list with the entry that was chosen last, or the one that was turned to since. `current`: -1 for none. */
export function useListPart(count: number, current: number): ListPart {
  const [turned, setTurned] = useState({ part: 0, current: -1 });
  const parts = Math.max(1, Math.ceil(count / PART_ENTRIES));
  const wanted = turned.current === current ? turned.part : Math.floor(Math.max(0, current) / PART_ENTRIES);
  const part = Math.min(wanted, parts - 1);
  return {
    part,
    parts,
    from: part * PART_ENTRIES,
    to: Math.min(count, (part + 1) * PART_ENTRIES),
    turnTo: (next) => setTurned({ part: next, current }),
  };
}
