import type { StepLine } from '../../src/view/documents.ts';

/** A line of a timeline, of a shell command. */
export function stepLineOf(step: number, more: Partial<StepLine> = {}): StepLine {
  return {
    step,
    revision: 0,
    at: '',
    title: '',
    tools: ['bash'],
    edited: [],
    usd: 0,
    outputTokens: 0,
    durationMs: 0,
    value: null,
    failed: false,
    intervention: null,
    ...more,
  };
}
