/** Asks a model which of the passing tests state the behaviour that the issue wants changed. */
import type { ModelRequest } from '../../contracts/index.ts';
import type { Adviser, Testing } from './testing.ts';

const SYSTEM = `You maintain a code base. You get an issue and the names of tests that pass today. Most tests must go on passing when the issue is resolved.
Name those that must not: tests that state the very behaviour the issue asks to change. When in doubt, leave a test out.
Answer with one name per line, copied exactly, and nothing else; answer "none" when there is no such test.`;

/** Characters of test names in one request; the rest of a longer list is not asked about and stays. */
const MAX_NAMES = 200_000;
const MAX_TOKENS = 4_096;

/** Ids from `tests` only. Throws what the model throws. */
export async function expectedChanges(
  { instance, signal }: Testing,
  tests: readonly string[],
  { model, callKey }: Adviser,
): Promise<string[]> {
  const asked = firstOf(tests, MAX_NAMES);
  const text = `Issue:\n\n${instance.problemStatement}\n\nTests that pass today:\n\n${asked.join('\n')}\n`;
  const request: ModelRequest = {
    system: SYSTEM,
    messages: [{ role: 'user', content: [{ type: 'text', text }] }],
    tools: [],
    maxOutputTokens: MAX_TOKENS,
    temperature: 0,
  };
  const reply = await model.complete(request, { callKey: `${callKey}/expected-changes`, signal });
  const answer = reply.message.content.flatMap((part) => (part.type === 'text' ? part.text.split('\n') : []));
  const named = new Set(answer.map((line) => line.trim()));
  return asked.filter((id) => named.has(id));
}

/** As many from the start as fit into `characters`, with a line end each. */
function firstOf(names: readonly string[], characters: number): string[] {
  let left = characters;
  const end = names.findIndex((name) => {
    left -= name.length + 1;
    return left < 0;
  });
  return names.slice(0, end < 0 ? undefined : end);
}
