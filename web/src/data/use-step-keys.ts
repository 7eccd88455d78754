import { useEffect } from 'react';
import type { StepLine } from '../../../src/view/documents.ts';

/** `j` and `k` go to the next and the previous step, but not while something is typed. */
export function useStepKeys(lines: readonly StepLine[], current: number, hrefOf: (line: StepLine) => string): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const next = event.key === 'j' ? current + 1 : event.key === 'k' ? current - 1 : null;
      const line = next === null ? undefined : lines[Math.max(0, next)];
      if (line === undefined) return;
      event.preventDefault();
      // A step is no page of its own: going back leaves the attempt.
      location.replace(hrefOf(line));
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}
