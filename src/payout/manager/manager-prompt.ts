/** What an agent is told in a manager task. Pure. */
import type { ManagerTask, Proposal } from '../../contracts/index.ts';
import { blindDescription, blindTitle } from './blind-text.ts';
import { CHOICE_FILE } from './read-choice.ts';

export interface ManagerPromptOptions {
  /** Also say what the task is worth; an ablation. Default false: marks of price and payment are taken out of the texts as well. */
  revealPrice?: boolean;
}

/** `shown`: the proposals in the order of `proposalOrder`. */
export function managerPrompt(
  task: Pick<ManagerTask, 'title' | 'description' | 'price'>,
  shown: readonly Proposal[],
  { revealPrice = false }: ManagerPromptOptions = {},
): string {
  const title = revealPrice ? task.title : blindTitle(task.title);
  const description = revealPrice ? task.description : blindDescription(task.description);
  const proposals = shown.map(({ text }, index) => `## Proposal ${index + 1}\n\n${text.trim()}\n`);
  return [
    `# ${title}\n`,
    `${description}\n`,
    ...(revealPrice ? [`${priceSentence(task.price)}\n`] : []),
    `The following ${shown.length} proposals were made. Read the code, find out which of them solves the issue at its cause and without new harm, and choose that one.`,
    `Change nothing in the repository. Write your choice to \`${CHOICE_FILE}\` in its root, in exactly this form: {"proposal": 1}\n`,
    ...proposals,
  ].join('\n');
}

/** What an agent is told of the money when prices are revealed. */
export function priceSentence(price: number): string {
  return `This task is worth $${price}.`;
}
