/** Grading and gold patches of priced tasks beside those of others: each kind of task goes to what can judge it. */
import type { EnvironmentBuilder } from '../contracts/index.ts';
import { type GradeAttemptInput, type GradeAttemptResult, gradeAttempt } from '../grading/grade-attempt.ts';
import { gradeEndToEnd } from './e2e/grade-end-to-end.ts';
import { goldChoicePatch } from './manager/choice-patch.ts';
import { gradeChoiceAttempt } from './manager/grade-choice-attempt.ts';

/** Throws what the grading of the kind throws. */
export async function gradeByKind(input: GradeAttemptInput): Promise<GradeAttemptResult> {
  const { instance, patch } = input;
  if (instance.task.choice !== undefined) return gradeChoiceAttempt(instance, patch);
  const { app } = instance.task.grading;
  return app === undefined ? gradeAttempt(input) : gradeEndToEnd(input, app);
}

/** The same builder, with gold patches for manager tasks. */
export function withChoiceGold(builder: EnvironmentBuilder): EnvironmentBuilder {
  return {
    ensure: (instance, signal, onProgress) => builder.ensure(instance, signal, onProgress),
    gold: async (instance, signal) => goldChoicePatch(instance) ?? builder.gold(instance, signal),
  };
}
