/** OpenAI Responses, streaming: output items that are added, filled and done, then `response.completed` with the usage. */
import { event, type FakeReply, inputText, NO_USAGE, pieces, stopOf } from '../fake-reply.ts';

export function openAiResponsesEvents(reply: FakeReply, model: string): string[] {
  const base = { id: 'resp_1', object: 'response', created_at: 1, model };
  const stop = stopOf(reply);
  const reason = {
    'max-tokens': 'max_output_tokens',
    'context-overflow': 'max_output_tokens',
    refusal: 'content_filter',
  };
  const cut = stop === 'end' || stop === 'tool-use' ? undefined : reason[stop];
  const end = cut === undefined ? 'completed' : 'incomplete';
  return [
    { type: 'response.created', response: { ...base, status: 'in_progress', output: [] } },
    ...items(reply).flatMap(({ item, empty, deltas }, index) => [
      { type: 'response.output_item.added', output_index: index, item: { ...item, ...empty } },
      ...deltas.map((delta) => ({ ...delta, output_index: index })),
      { type: 'response.output_item.done', output_index: index, item },
    ]),
    {
      type: `response.${end}`,
      response: {
        ...base,
        status: end,
        output: [],
        usage: usageOf(reply),
        ...(cut === undefined ? {} : { incomplete_details: { reason: cut } }),
      },
    },
  ].map(event);
}

type Item = { item: object; empty: object; deltas: { type: string }[] };

function items(reply: FakeReply): Item[] {
  const all: Item[] = [];
  if (reply.thinking !== undefined) {
    const { text, signature } = reply.thinking;
    const id = 'rs_1';
    all.push({
      item: { id, type: 'reasoning', encrypted_content: signature, summary: [{ type: 'summary_text', text }] },
      empty: { encrypted_content: null, summary: [] },
      deltas: [
        { type: 'response.reasoning_summary_part.added', ...{ item_id: id, summary_index: 0 } },
        ...pieces(text).map((delta) => ({
          type: 'response.reasoning_summary_text.delta',
          item_id: id,
          summary_index: 0,
          delta,
        })),
      ],
    });
  }
  if (reply.text !== undefined)
    all.push({
      item: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: reply.text, annotations: [] }],
      },
      empty: { status: 'in_progress', content: [] },
      deltas: pieces(reply.text).map((delta) => ({
        type: 'response.output_text.delta',
        item_id: 'msg_1',
        content_index: 0,
        delta,
      })),
    });
  for (const [number, call] of (reply.calls ?? []).entries()) {
    const id = `fc_${number}`;
    const text = inputText(call.input);
    const made = { status: 'completed', call_id: call.id ?? `call_${number}`, name: call.name, arguments: text };
    all.push({
      item: { id, type: 'function_call', ...made },
      empty: { status: 'in_progress', arguments: '' },
      deltas: pieces(text).map((delta) => ({ type: 'response.function_call_arguments.delta', item_id: id, delta })),
    });
  }
  return all;
}

function usageOf(reply: FakeReply): object {
  const usage = reply.usage ?? NO_USAGE;
  const total = usage.uncached + usage.cacheRead + usage.cacheWrite;
  return {
    input_tokens: total,
    input_tokens_details: { cached_tokens: usage.cacheRead, cache_write_tokens: usage.cacheWrite },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
    total_tokens: total + usage.output,
  };
}
