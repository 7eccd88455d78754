/** The timeline of an attempt for who knows nothing of it, and for who has a part of it: of a trajectory of 100,000 steps, only the last ones are sent again and again. */
import type { AttemptIndex, IndexedStep } from './attempt-index.ts';
import type { StepLines } from './documents.ts';

/** In one answer. */
const MAX_LINES = 4_000;

export function inOrder(index: AttemptIndex): IndexedStep[] {
  return [...index.steps.values()].sort((a, b) => a.line.step - b.line.step);
}

export function allLines(index: AttemptIndex): StepLines {
  return {
    steps: inOrder(index).map((step) => step.line),
    known: knownOf(index, index.bytes),
    adds: false,
    more: false,
    complete: index.complete,
  };
}

/** The next lines for who has those of `known`, or `''` for who has none. Of another log nothing is known. */
export function newLines(index: AttemptIndex, known: string): StepLines {
  const from = bytesKnown(index, known);
  const changed = [...index.steps.values()].flatMap(({ line }) => (line.revision >= from ? [line] : []));
  changed.sort((a, b) => a.revision - b.revision);
  const next = changed[MAX_LINES];
  return {
    steps: changed.slice(0, MAX_LINES).sort((a, b) => a.step - b.step),
    known: knownOf(index, next?.revision ?? index.bytes),
    adds: from > 0,
    more: next !== undefined,
    complete: index.complete && next === undefined,
  };
}

/** All that an index has of the first bytes of its log. */
function knownOf({ id }: AttemptIndex, bytes: number): string {
  return `${id}-${bytes}`;
}

function bytesKnown({ id }: AttemptIndex, known: string): number {
  const [of, bytes] = known.split('-');
  return of === id ? Number(bytes) : 0;
}
