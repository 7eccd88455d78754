/** What a judge is shown of an attempt. Pure. */
import type { Trajectory } from '../../contracts/index.ts';
import { chatMessages } from '../chat/chat-messages.ts';
import { issueText } from '../features/issue-text.ts';

export interface ExhibitOptions {
  /** The whole conversation and the patch, or the issue and the patch. */
  view: 'trajectory' | 'patch';
  /** Characters of the conversation that are shown; the middle of a longer one is cut. Default 120,000. */
  maxCharacters?: number;
}

const MAX_CHARACTERS = 120_000;

export function issueAndPatchText(trajectory: Trajectory): string {
  return `# Issue\n${issueText(trajectory)}\n\n# Change\n${patchText(trajectory)}`;
}

/** What the agent did, and what came of it. */
export function attemptText(trajectory: Trajectory, { maxCharacters = MAX_CHARACTERS }: ExhibitOptions): string {
  return `# What the agent did\n${talkText(trajectory, maxCharacters)}\n\n# Change\n${patchText(trajectory)}`;
}

/** Two attempts at one issue side by side; each conversation gets half of the room. */
export function pairText(first: Trajectory, second: Trajectory, options: ExhibitOptions): string {
  const { view, maxCharacters = MAX_CHARACTERS } = options;
  const attempts = [first, second].map((one, at) => {
    const talk = view === 'patch' ? '' : `## What the agent did\n${talkText(one, maxCharacters / 2)}\n\n`;
    return `# Attempt ${at === 0 ? 'A' : 'B'}\n\n${talk}## Change\n${patchText(one)}`;
  });
  return [`# Issue\n${issueText(first)}`, ...attempts].join('\n\n');
}

function patchText({ patch }: Trajectory): string {
  return patch.trim() === '' ? '(no change)' : patch;
}

function talkText(trajectory: Trajectory, maxCharacters: number): string {
  const talk = chatMessages(trajectory)
    .map(({ role, content }, at) => `--- ${at + 1} ${role} ---\n${content}`)
    .join('\n\n');
  return cutMiddle(talk, maxCharacters);
}

function cutMiddle(text: string, length: number): string {
  if (text.length <= length) return text;
  const half = Math.floor(length / 2);
  return `${text.slice(0, half)}\n[... ${text.length - 2 * half} characters cut ...]\n${text.slice(-half)}`;
}
