import { useEffect } from 'react';
import type { StepLine } from '../../../src/view/documents.ts';

/** Goes so many steps on, or back. */
export type StepBy = (by: number) => void;

/** `j` and `k` go to the next and the previous step, but not while something is typed; the answer does the same for buttons. `current`: -1 before the first step. */
export function useStepKeys(lines: readonly StepLine[], current: number, hrefOf: (line: StepLine) => string): StepBy {
  const stepBy = (by: number) => {
    const line = lines[Math.max(0, current + by)];
    // A step is no page of its own: going back leaves the attempt.
    if (line !== undefined) location.replace(hrefOf(line));
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const by = event.key === 'j' ? 1 : event.key === 'k' ? -1 : null;
      if (by === null) return;
      event.preventDefault();
      stepBy(by);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
  return stepBy;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}
