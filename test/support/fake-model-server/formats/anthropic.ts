/** Anthropic Messages, streaming: `message_start`, content blocks, `message_delta`, `message_stop`. `input_tokens` leaves out what the cache read or wrote. */
import { event, type FakeReply, inputText, NO_USAGE, pieces, stopOf } from '../fake-reply.ts';

const STOP = {
  end: 'end_turn',
  'tool-use': 'tool_use',
  'max-tokens': 'max_tokens',
  refusal: 'refusal',
  'context-overflow': 'model_context_window_exceeded',
} as const;

export function anthropicEvents(reply: FakeReply, model: string): string[] {
  const usage = reply.usage ?? NO_USAGE;
  const oneHour = usage.cacheWrite1h ?? 0;
  const input = {
    input_tokens: usage.uncached,
    cache_read_input_tokens: usage.cacheRead,
    cache_creation_input_tokens: usage.cacheWrite,
    cache_creation: { ephemeral_5m_input_tokens: usage.cacheWrite - oneHour, ephemeral_1h_input_tokens: oneHour },
  };
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model, content: [] };
  const head = { stop_reason: null, stop_sequence: null, usage: { ...input, output_tokens: 1 } };
  const details = usage.reasoning === undefined ? {} : { output_tokens_details: { thinking_tokens: usage.reasoning } };
  return [
    { type: 'message_start', message: { ...message, ...head } },
    { type: 'ping' },
    ...blocks(reply).flatMap(({ start, deltas }, index) => [
      { type: 'content_block_start', index, content_block: start },
      ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
      { type: 'content_block_stop', index },
    ]),
    {
      type: 'message_delta',
      delta: { stop_reason: STOP[stopOf(reply)], stop_sequence: null },
      usage: { output_tokens: usage.output, ...details },
    },
    { type: 'message_stop' },
  ].map(event);
}

function blocks(reply: FakeReply): { start: object; deltas: object[] }[] {
  const all: { start: object; deltas: object[] }[] = [];
  if (reply.thinking !== undefined) {
    const deltas: object[] = pieces(reply.thinking.text).map((thinking) => ({ type: 'thinking_delta', thinking }));
    deltas.push({ type: 'signature_delta', signature: reply.thinking.signature });
    all.push({ start: { type: 'thinking', thinking: '', signature: '' }, deltas });
  }
  if (reply.redactedThinking !== undefined)
    all.push({ start: { type: 'redacted_thinking', data: reply.redactedThinking }, deltas: [] });
  if (reply.text !== undefined)
    all.push({
      start: { type: 'text', text: '' },
      deltas: pieces(reply.text).map((text) => ({ type: 'text_delta', text })),
    });
  for (const [number, call] of (reply.calls ?? []).entries())
    all.push({
      start: { type: 'tool_use', id: call.id ?? `toolu_${number}`, name: call.name, input: {} },
      deltas: pieces(inputText(call.input)).map((partial) => ({ type: 'input_json_delta', partial_json: partial })),
    });
  return all;
}
