/**
 * Any chat model as judge, over an endpoint of OpenAI's form: P(YES) / (P(YES) + P(NO)) at the first token that says either, where the server gives log-probabilities; else a rating from 0
 * to 100. Source of the YES/NO form: the outcome verifier of SWE-Gym.
 */
import { z } from 'zod';
import type { Cost, Critic, Trajectory } from '../../contracts/index.ts';
import { chatMessages } from '../chat/chat-messages.ts';
import { issueText } from '../features/issue-text.ts';
import { type CriticEndpoint, malformedReply, postJson } from './post-json.ts';

export interface JudgeOptions {
  /** What it reads: the whole conversation and the patch, or the issue and the patch. */
  view: 'trajectory' | 'patch';
  /** Characters of the conversation that are shown; the middle of a longer one is cut. Default 120,000. */
  maxCharacters?: number;
}

const replySchema = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish() }),
        logprobs: z
          .object({
            content: z
              .array(
                z.object({
                  token: z.string(),
                  top_logprobs: z.array(z.object({ token: z.string(), logprob: z.number().max(0) })),
                }),
              )
              .nullish(),
          })
          .nullish(),
      }),
    )
    .min(1),
});
type Choice = z.infer<typeof replySchema>['choices'][number];

const SYSTEM = [
  'You judge whether a coding agent has resolved an issue. Hidden tests decide; you do not see them.',
  'Ask yourself: does the change address the cause that the issue describes, is it complete, does it keep everything else working, and did the agent check it?',
  'Answer with one line: YES or NO, then a space and the chance in percent that the hidden tests pass, as in "YES 80".',
].join('\n');

export function judgeCritic(endpoint: CriticEndpoint, options: JudgeOptions): Critic {
  return {
    name: 'judge',
    calibrated: false,
    async score(trajectory, { signal }) {
      const body = {
        model: endpoint.model,
        messages: [
          { role: 'system', content: SYSTEM },
          { role: 'user', content: exhibit(trajectory, options) },
        ],
        temperature: 0,
        max_tokens: 16,
        logprobs: true,
        top_logprobs: 20,
      };
      const reply = replySchema.safeParse(await postJson(endpoint, '/chat/completions', body, signal));
      const choice = reply.data?.choices[0];
      if (choice === undefined)
        throw malformedReply(`the judge's reply is not as expected: ${reply.error?.issues[0]?.message}`);
      const final = yesProbability(choice) ?? rating(choice.message.content ?? '');
      if (final === null)
        throw malformedReply(`the judge said neither YES nor NO: ${choice.message.content?.slice(0, 100)}`);
      const cost: Cost = { kind: 'unknown' };
      return { perTurn: [], final, cost };
    },
    close: async () => {},
  };
}

function exhibit(trajectory: Trajectory, { view, maxCharacters = 120_000 }: JudgeOptions): string {
  const patch = trajectory.patch.trim() === '' ? '(no change)' : trajectory.patch;
  if (view === 'patch') return `# Issue\n${issueText(trajectory)}\n\n# Change\n${patch}`;
  const talk = chatMessages(trajectory)
    .map(({ role, content }, at) => `--- ${at + 1} ${role} ---\n${content}`)
    .join('\n\n');
  return `# What the agent did\n${cutMiddle(talk, maxCharacters)}\n\n# Change\n${patch}`;
}

function cutMiddle(text: string, length: number): string {
  if (text.length <= length) return text;
  const half = Math.floor(length / 2);
  return `${text.slice(0, half)}\n[... ${text.length - 2 * half} characters cut ...]\n${text.slice(-half)}`;
}

/** Null when the server gave no log-probabilities of such a token. */
function yesProbability({ logprobs }: Choice): number | null {
  for (const { token, top_logprobs: top } of logprobs?.content ?? []) {
    // Only the verdict itself: a "no" in the middle of a sentence is none.
    if (/^[\s*]*$/.test(token)) continue;
    if (!/^\s*(YES|NO)$/.test(token)) return null;
    const mass = (word: RegExp) =>
      top.filter((one) => word.test(one.token)).reduce((sum, one) => sum + Math.exp(one.logprob), 0);
    const [yes, no] = [mass(/^\s*yes$/i), mass(/^\s*no$/i)];
    return yes + no > 0 ? yes / (yes + no) : null;
  }
  return null;
}

/** The stated chance in percent; the word alone is all or nothing. Null when no line is a verdict, or the number contradicts its word. */
function rating(text: string): number | null {
  const match = /^[\s*]*(YES|NO)\b[\s*:,]*(?:(\d+(?:\.\d+)?)\s*%?)?[\s*.]*$/m.exec(text);
  if (match === null) return null;
  const isYes = match[1] === 'YES';
  if (match[2] === undefined) return isYes ? 1 : 0;
  const percent = Number(match[2]);
  const isPossible = percent <= 100 && (percent >= 1 || percent === 0);
  return isPossible && percent >= 50 === isYes ? percent / 100 : null;
}
