/** The issue that an attempt works on, taken out of the prompt around it. Pure. */
import type { Trajectory } from '../../contracts/index.ts';

/** Marks that agents put around the issue; the first that is found counts. */
const FRAMES: readonly RegExp[] = [
  /<issue>([\s\S]*?)<\/issue>/,
  /<pr_description>([\s\S]*?)<\/pr_description>/,
  /<problem_statement>([\s\S]*?)<\/problem_statement>/,
  /\bISSUE:\n([\s\S]*?)\n\s*INSTRUCTIONS:/,
];

/** The whole first message where no frame is known. */
export function issueText({ messages }: Pick<Trajectory, 'messages'>): string {
  const prompts: string[] = [];
  for (const message of messages) {
    if (message.role !== 'user') break;
    prompts.push(message.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n'));
  }
  const all = prompts.join('\n');
  for (const frame of FRAMES) {
    const inside = frame.exec(all)?.[1];
    if (inside !== undefined) return inside.trim();
  }
  return (prompts[0] ?? '').trim();
}
