/** The answer document of a manager task: `{"proposal": 3}` and nothing else. Pure. */
import { z } from 'zod';

/** Where an agent writes it, in the root of the repository. */
export const CHOICE_FILE = 'decision.json';

export type Choice = { number: number; problem?: undefined } | { number?: undefined; problem: string };

const choiceSchema = z.strictObject({ proposal: z.number().int().min(1) });
const MAX_LENGTH = 1_000;

/** `count` proposals were shown, numbered from 1. Another key, a number as text or more than one value is no answer. */
export function readChoice(text: string, count: number): Choice {
  if (text.length > MAX_LENGTH) return { problem: `${CHOICE_FILE} is longer than an answer can be` };
  const parsed = choiceSchema.safeParse(parseJson(text));
  if (!parsed.success) return { problem: `${CHOICE_FILE} is not of the form {"proposal": 1}` };
  const { proposal } = parsed.data;
  // JSON keeps the last of two equal keys in silence.
  if ((text.match(/"proposal"/g) ?? []).length > 1) return { problem: `${CHOICE_FILE} answers more than once` };
  return proposal > count ? { problem: `there is no proposal ${proposal}` } : { number: proposal };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
