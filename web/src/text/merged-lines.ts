import type { StepLine } from '../../../src/view/documents.ts';

/** The timeline with lines that are new or have changed; both are in the order of the steps. Lines that have not changed stay the same objects. */
export function mergedLines(before: readonly StepLine[], news: readonly StepLine[]): StepLine[] {
  const first = news[0]?.step ?? Number.POSITIVE_INFINITY;
  let kept = before.length;
  while (kept > 0 && (before[kept - 1]?.step ?? 0) >= first) kept--;
  const later = new Map([...before.slice(kept), ...news].map((line) => [line.step, line]));
  return [...before.slice(0, kept), ...[...later.values()].sort((a, b) => a.step - b.step)];
}
