/** The issue that an attempt works on, taken out of the prompt around it. Pure. */
import type { Trajectory } from '../../contracts/index.ts';

/** Marks that agents put around the issue; the first that is found counts. */
const FRAMES: readonly (readonly [open: string, close: string])[] = [
  ['<issue>', '</issue>'],
  ['<pr_description>', '</pr_description>'],
  ['<problem_statement>', '</problem_statement>'],
  ['ISSUE:\n', 'INSTRUCTIONS:'],
];

/** The whole first message where no frame is known. */
export function issueText({ messages }: Pick<Trajectory, 'messages'>): string {
  const prompts: string[] = [];
  for (const message of messages) {
    if (message.role !== 'user') break;
    prompts.push(message.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n'));
  }
  const all = prompts.join('\n');
  for (const [open, close] of FRAMES) {
    const start = all.indexOf(open);
    const stop = start < 0 ? -1 : all.indexOf(close, start);
    if (stop >= 0) return all.slice(start + open.length, stop).trim();
  }
  return (prompts[0] ?? '').trim();
}
