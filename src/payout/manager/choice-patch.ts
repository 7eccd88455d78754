/** The answer of a manager task as the patch that carries it: a new file, nothing else. Pure. */
import type { TaskInstance } from '../../contracts/index.ts';
import { CHOICE_FILE } from './read-choice.ts';

const HEAD = `diff --git a/${CHOICE_FILE} b/${CHOICE_FILE}\nnew file mode 100644\n`;

/** Adds the answer document with the right number; undefined for a task without a choice. */
export function goldChoicePatch({
  task,
  proposalOrder,
}: Pick<TaskInstance, 'task' | 'proposalOrder'>): string | undefined {
  if (task.choice === undefined || proposalOrder === undefined) return undefined;
  const number = proposalOrder.indexOf(task.choice.answer) + 1;
  return `${HEAD}--- /dev/null\n+++ b/${CHOICE_FILE}\n@@ -0,0 +1 @@\n+{"proposal": ${number}}\n`;
}

/** Text of the answer document that a patch adds; undefined when it adds none, or does anything else with that file. */
export function answerOf(patch: string): string | undefined {
  const sections = patch
    .split(/^(?=diff --git )/m)
    .filter((section) => section.split('\n', 1)[0]?.includes(CHOICE_FILE));
  const [section] = sections;
  if (sections.length !== 1 || section === undefined || !section.startsWith(HEAD)) return undefined;
  const hunks = section.split(/^@@ -0,0 \+1(?:,\d+)? @@.*\n/m);
  const body = hunks[1];
  if (hunks.length !== 2 || body === undefined) return undefined;
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('\\ '));
  return lines.every((line) => line.startsWith('+')) ? lines.map((line) => line.slice(1)).join('\n') : undefined;
}
