/** One question to a chat model that must answer with one of two words, over an endpoint of OpenAI's form. */
import { z } from 'zod';
import type { Cost } from '../../contracts/index.ts';
import { measuredCost } from '../../model/usage.ts';
import { type CriticEndpoint, malformedReply, postJson } from './post-json.ts';

/** Words in capitals; the first one is the one whose chance is asked for. */
export type Words = readonly [yes: string, no: string];

export interface Question {
  system: string;
  user: string;
  words: Words;
}

export interface Answer {
  /** Of the first word. */
  chance: number;
  /** Measured where the server tells it. */
  cost: Cost;
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
  usage: z.unknown().optional(),
});
type Choice = z.infer<typeof replySchema>['choices'][number];

/**
 * P(first) / (P(first) + P(second)) at the first token that says either, where the server gives log-probabilities; else the percentage that the answer states. Throws what `postJson` throws, and
 * `model-reply-malformed` for an answer that says neither word.
 */
export async function askJudge(
  endpoint: CriticEndpoint,
  { system, user, words }: Question,
  signal: AbortSignal,
): Promise<Answer> {
  const body = {
    model: endpoint.model,
    messages: [
      { role: 'system', content: system },
      { role: 'user', content: user },
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
  const text = choice.message.content ?? '';
  const chance = tokenChance(choice, words) ?? statedChance(text, words);
  if (chance === null) throw malformedReply(`the judge said neither ${words.join(' nor ')}: ${text.slice(0, 100)}`);
  return { chance, cost: measuredCost(reply.data?.usage) };
}

/** Null when the server gave no log-probabilities of such a token. */
function tokenChance({ logprobs }: Choice, [yes, no]: Words): number | null {
  for (const { token, top_logprobs: top } of logprobs?.content ?? []) {
    // Only the verdict itself: a "no" in the middle of a sentence is none.
    if (/^[\s*]*$/.test(token)) continue;
    if (token.trimStart() !== yes && token.trimStart() !== no) return null;
    const mass = (word: string) =>
      top
        .filter((one) => one.token.trimStart().toUpperCase() === word)
        .reduce((sum, one) => sum + Math.exp(one.logprob), 0);
    const [first, second] = [mass(yes), mass(no)];
    return first + second > 0 ? first / (first + second) : null;
  }
  return null;
}

/** The chance of the first word in percent, as `WORD 80`; the word alone is all or nothing. Null when no line is a verdict, or the number contradicts its word. */
function statedChance(text: string, [yes, no]: Words): number | null {
  const line = new RegExp(`^[\\s*]*(${yes}|${no})\\b[\\s*:,]*(?:(\\d+(?:\\.\\d+)?)\\s*%?)?[\\s*.]*$`, 'm').exec(text);
  if (line === null) return null;
  const isYes = line[1] === yes;
  if (line[2] === undefined) return isYes ? 1 : 0;
  const percent = Number(line[2]);
  const isPossible = percent <= 100 && (percent >= 1 || percent === 0);
  return isPossible && percent >= 50 === isYes ? percent / 100 : null;
}
