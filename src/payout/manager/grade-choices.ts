/** Answers to a set of manager tasks against what was chosen in history. Pure. */
import type { ManagerTask } from '../../contracts/index.ts';
import { proposalOrder } from './proposal-order.ts';
import { readChoice } from './read-choice.ts';

export interface GradedChoice {
  id: string;
  outcome: 'right' | 'wrong' | 'invalid' | 'missing';
  /** Why an answer is invalid. */
  problem?: string;
  /** Dollars. */
  earned: number;
}

export interface GradedChoices {
  choices: GradedChoice[];
  right: number;
  earned: number;
  possible: number;
}

/** `answers`: the text of each task's answer document, by task id; the numbers in it mean the order that `seed` gives. */
export function gradeChoices(
  tasks: readonly ManagerTask[],
  answers: ReadonlyMap<string, string>,
  seed = 0,
): GradedChoices {
  const choices = tasks.map((task) => gradeChoice(task, answers.get(task.id), seed));
  return {
    choices,
    right: choices.filter((choice) => choice.outcome === 'right').length,
    earned: choices.reduce((sum, choice) => sum + choice.earned, 0),
    possible: tasks.reduce((sum, task) => sum + task.price, 0),
  };
}

function gradeChoice(task: ManagerTask, answer: string | undefined, seed: number): GradedChoice {
  if (answer === undefined) return { id: task.id, outcome: 'missing', earned: 0 };
  const { number, problem } = readChoice(answer, task.proposals.length);
  if (number === undefined) return { id: task.id, outcome: 'invalid', problem, earned: 0 };
  const right = proposalOrder(task.id, task.proposals, seed)[number - 1]?.id === task.answer;
  return { id: task.id, outcome: right ? 'right' : 'wrong', earned: right ? task.price : 0 };
}
