/** Recognises an agent that goes in circles. Pure. The counts are those with which OpenHands' stuck detector works. */

export interface Turn {
  /** Names and inputs of the calls, in one form; null when the reply called no tool. */
  action: string | null;
  /** What came back, in one form. */
  observation: string;
  failed: boolean;
}

export interface Loop {
  kind: 'repetition' | 'alternation' | 'monologue';
  /** Turns at the end that belong to the loop. */
  turns: number;
}

const REPEATED = 4;
const REPEATED_FAILING = 3;
const ALTERNATING = 6;
const TALKING = 3;

/** The loop that the last turns are; null when there is none. */
export function detectLoop(turns: readonly Turn[]): Loop | null {
  const talking = trailing(turns, (turn) => turn.action === null);
  if (talking >= TALKING) return { kind: 'monologue', turns: talking };
  const last = turns.at(-1);
  if (last === undefined || last.action === null) return null;
  const same = trailing(turns, (turn) => equal(turn, last));
  if (same >= (last.failed ? REPEATED_FAILING : REPEATED)) return { kind: 'repetition', turns: same };
  const other = turns.at(-2);
  if (other === undefined || equal(other, last)) return null;
  const alternating = trailing(turns, (turn, back) => equal(turn, back % 2 === 0 ? last : other));
  return alternating >= ALTERNATING ? { kind: 'alternation', turns: alternating } : null;
}

/** How many turns from the end hold; `back` counts from 0 at the last one. */
function trailing(turns: readonly Turn[], holds: (turn: Turn, back: number) => boolean): number {
  let count = 0;
  while (count < turns.length) {
    const turn = turns[turns.length - 1 - count];
    if (turn === undefined || !holds(turn, count)) break;
    count++;
  }
  return count;
}

function equal(a: Turn, b: Turn): boolean {
  return a.action === b.action && a.observation === b.observation;
}
