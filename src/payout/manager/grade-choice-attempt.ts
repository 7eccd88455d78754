/** Grades an attempt at a manager task: the answer document in its patch against what was chosen. Needs no sandbox. */
import { digestOf, sha256 } from '../../base/digest.ts';
import type { GradeReport, TaskInstance } from '../../contracts/index.ts';
import { answerOf } from './choice-patch.ts';
import { CHOICE_FILE, readChoice } from './read-choice.ts';

export interface GradedChoiceAttempt {
  report: GradeReport;
  /** What was chosen, in words. */
  testOutput: string;
  evalScript: string;
}

/** For an instance with a choice. All or nothing; an answer that is none is wrong, and the words say why. */
export function gradeChoiceAttempt(instance: TaskInstance, patch: string): GradedChoiceAttempt {
  const started = performance.now();
  const { words, right } = judge(instance, patch);
  const tests = instance.task.grading.failToPass;
  const verdict = patch.trim() === '' ? 'empty-patch' : right ? 'resolved' : 'unresolved';
  const report: GradeReport = {
    instanceId: instance.instanceId,
    verdict,
    resolved: right,
    patchApplied: patch.trim() !== '',
    failToPass: { success: right ? [...tests] : [], failure: right ? [] : [...tests] },
    passToPass: { success: [], failure: [] },
    testsSeen: patch.trim() === '' ? 0 : 1,
    exitCode: null,
    durationMs: performance.now() - started,
    restoredFiles: [],
    gradeDigest: digestOf({
      patch: sha256(patch),
      order: instance.proposalOrder,
      answer: instance.task.choice?.answer,
    }),
  };
  return { report, testOutput: `${words}\n`, evalScript: `# Nothing runs: ${CHOICE_FILE} of the patch is compared.\n` };
}

function judge({ task, proposalOrder = [] }: TaskInstance, patch: string): { words: string; right: boolean } {
  const text = answerOf(patch);
  if (text === undefined) return { words: `The patch does not add ${CHOICE_FILE}.`, right: false };
  const { number, problem } = readChoice(text, proposalOrder.length);
  if (number === undefined) return { words: `No answer: ${problem}.`, right: false };
  const chosen = proposalOrder[number - 1];
  const right = chosen === task.choice?.answer;
  return { words: `Chose proposal ${number} (${chosen}), which is ${right ? 'right' : 'wrong'}.`, right };
}
