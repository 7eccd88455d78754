/**
 * A critic with a value per token, as the OpenHands critic of April 2025: POST `/pooling` with the messages; `data[0].data` is one value per token, `data[0].prompt_token_ids` the
 * tokens. The value of a turn is the one at its closing `<|im_end|>`, that of the attempt is the last turn's.
 */
import { z } from 'zod';
import { AssayError, type Critic } from '../../contracts/index.ts';
import { chatMessages } from '../chat/chat-messages.ts';
import { type CriticEndpoint, malformedReply, postJson } from './post-json.ts';

/** Of the Qwen2.5 tokenizer. */
const IM_START = 151644;
const IM_END = 151645;
const ASSISTANT = 77091;

const replySchema = z.object({
  data: z
    .array(
      z.object({
        /** vLLM gives one number, or a list of one, per token. */
        data: z.array(z.union([z.number(), z.array(z.number()).min(1)])),
        prompt_token_ids: z.array(z.number().int()),
      }),
    )
    .min(1),
});

export function poolingCritic(endpoint: CriticEndpoint): Critic {
  return {
    name: 'openhands-32b',
    calibrated: false,
    async score(trajectory, { signal }) {
      const messages = chatMessages(trajectory);
      const turns = messages.filter(({ role }) => role === 'assistant').length;
      if (turns === 0) {
        throw new AssayError('model-request-rejected', 'this critic values assistant turns, and the attempt has none', {
          class: 'model',
          retryable: false,
        });
      }
      const reply = replySchema.safeParse(
        await postJson(endpoint, '/pooling', { model: endpoint.model, messages }, signal),
      );
      const one = reply.data?.data[0];
      if (one === undefined)
        throw malformedReply(`the reply to /pooling is not as expected: ${reply.error?.issues[0]?.message}`);
      const values = one.data.map((value) => (typeof value === 'number' ? value : (value[0] ?? Number.NaN)));
      const perTurn = valuesAtEnds(values, one.prompt_token_ids);
      const final = perTurn.at(-1);
      if (perTurn.length !== turns || final === undefined) {
        throw malformedReply(
          `the server saw ${perTurn.length} assistant turns, ${turns} were sent: its chat template or its length limit cut some`,
        );
      }
      if (!perTurn.every(Number.isFinite)) throw malformedReply('a value is no finite number');
      return { perTurn, final, cost: { kind: 'unknown' } };
    },
    close: async () => {},
  };
}

/** The values at the tokens that close assistant messages. Throws `model-reply-malformed` when there is not one value per token. */
function valuesAtEnds(values: readonly number[], tokens: readonly number[]): number[] {
  if (values.length !== tokens.length) throw malformedReply(`${values.length} values for ${tokens.length} tokens`);
  const found: number[] = [];
  let inside = false;
  tokens.forEach((token, at) => {
    if (token === ASSISTANT && tokens[at - 1] === IM_START) inside = true;
    else if (token === IM_END && inside) {
      inside = false;
      found.push(values[at] ?? Number.NaN);
    }
  });
  return found;
}
