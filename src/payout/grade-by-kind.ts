/** Each kind of task goes to what can judge it: a choice, an application in a browser, a repository with tests. */
import { type GradeAttemptInput, type GradeAttemptResult, gradeAttempt } from '../grading/grade-attempt.ts';
import { gradeEndToEnd } from './e2e/grade-end-to-end.ts';
import { gradeChoiceAttempt } from './manager/grade-choice-attempt.ts';

/** Throws what the grading of the kind throws. */
export async function gradeByKind(input: GradeAttemptInput): Promise<GradeAttemptResult> {
  const { instance, patch } = input;
  if (instance.task.choice !== undefined) return gradeChoiceAttempt(instance, patch);
  const { app } = instance.task.grading;
  return app === undefined ? gradeAttempt(input) : gradeEndToEnd(input, app);
}
