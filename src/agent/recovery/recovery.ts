/**
 * Decides after each step whether the agent is brought back: when it goes in circles, or when a critic's value falls by a set amount below its best. Going back means: the work
 * tree and the conversation as they were after an earlier step, and a hint.
 */
import type { Intervention } from '../../contracts/index.ts';
import { detectLoop, type Loop, type Turn } from './detect-loop.ts';

export interface RecoveryOptions {
  /** Step back when the value is at least this much below the best so far; null watches for loops alone. */
  valueFall: number | null;
  /** Further ones do not happen in one attempt. */
  maxInterventions: number;
}

interface PastStep {
  step: number;
  turn: Turn;
  value: number | null;
}

/** What the agent is told. Documented in docs/selection.md. */
export const HINTS = {
  loop: 'You were going in circles, so the repository and this conversation are back at an earlier point. The calls after it led nowhere; try another way.',
  stay: 'You are going in circles: your last calls and their results repeat. Do something else, or finish if the task is done.',
  value:
    'Your last steps made things worse, so the repository and this conversation are back at an earlier point. Try another way.',
} as const;

/** One per attempt. Steps that were gone back on are forgotten. */
export class Recovery {
  private readonly options: RecoveryOptions;
  private steps: PastStep[] = [];
  private interventions = 0;

  constructor(options: RecoveryOptions) {
    this.options = options;
  }

  /** What is to be done after this step; null for nothing, which is most often. */
  after(step: number, turn: Turn, value: number | null): Intervention | null {
    this.steps.push({ step, turn, value });
    if (this.interventions >= this.options.maxInterventions) return null;
    const loop = detectLoop(this.steps.map((one) => one.turn));
    return loop === null ? this.afterFall(value) : this.afterLoop(loop);
  }

  /** Must be called with every intervention that takes place, decided here or recorded by a process before. */
  apply({ kind, toStep }: Intervention): void {
    this.interventions++;
    // After a hint the repetition counts anew.
    this.steps = kind === 'rollback' ? this.steps.filter((one) => one.step <= toStep) : [];
  }

  private afterLoop(loop: Loop): Intervention {
    const before = this.steps.slice(0, -loop.turns);
    const target = bestOf(before) ?? before.at(-1);
    const reason = `loop-${loop.kind}` as const;
    const last = this.steps.at(-1)?.step ?? 0;
    if (target === undefined || loop.kind === 'monologue')
      return { kind: 'hint', reason, toStep: last, hint: HINTS.stay };
    return { kind: 'rollback', reason, toStep: target.step, hint: HINTS.loop };
  }

  private afterFall(value: number | null): Intervention | null {
    const { valueFall } = this.options;
    const best = bestOf(this.steps);
    if (valueFall === null || value === null || best?.value == null || best.value - value < valueFall) return null;
    return { kind: 'rollback', reason: 'value-fall', toStep: best.step, hint: HINTS.value };
  }
}

/** The earliest of the steps with the highest value; undefined when none has one. */
function bestOf(steps: readonly PastStep[]): PastStep | undefined {
  let best: PastStep | undefined;
  for (const one of steps) if (one.value !== null && (best?.value == null || one.value > best.value)) best = one;
  return best;
}
