/** Streams one reply in the wire formats of Anthropic Messages, OpenAI Chat Completions and OpenAI Responses, as server-sent events. */
export interface FakeReply {
  text?: string;
  calls?: { name: string; input: unknown; id?: string }[];
  usage?: { uncached: number; cacheRead: number; cacheWrite: number; output: number };
}

export type WireFormat = 'anthropic' | 'openai-chat' | 'openai-responses';

/** The format a path belongs to. */
export function formatOf(path: string): WireFormat | undefined {
  if (path.endsWith('/messages')) return 'anthropic';
  if (path.endsWith('/chat/completions')) return 'openai-chat';
  return path.endsWith('/responses') ? 'openai-responses' : undefined;
}

/** Each event as one string, to be written one after the other. */
export function streamEvents(format: WireFormat, reply: FakeReply, model: string): string[] {
  return { anthropic, 'openai-chat': chat, 'openai-responses': responses }[format](reply, model);
}

const NO_USAGE = { uncached: 10, cacheRead: 0, cacheWrite: 0, output: 5 };
const event = (data: object & { type?: string }) =>
  `${data.type === undefined ? '' : `event: ${data.type}\n`}data: ${JSON.stringify(data)}\n\n`;

function anthropic(reply: FakeReply, model: string): string[] {
  const usage = reply.usage ?? NO_USAGE;
  const input = {
    input_tokens: usage.uncached,
    cache_read_input_tokens: usage.cacheRead,
    cache_creation_input_tokens: usage.cacheWrite,
    cache_creation: { ephemeral_5m_input_tokens: usage.cacheWrite, ephemeral_1h_input_tokens: 0 },
  };
  const events: object[] = [
    {
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { ...input, output_tokens: 1 },
      },
    },
  ];
  let index = 0;
  if (reply.text !== undefined) {
    events.push({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } });
    for (const piece of pieces(reply.text))
      events.push({ type: 'content_block_delta', index, delta: { type: 'text_delta', text: piece } });
    events.push({ type: 'content_block_stop', index: index++ });
  }
  for (const [number, call] of (reply.calls ?? []).entries()) {
    events.push({
      type: 'content_block_start',
      index,
      content_block: { type: 'tool_use', id: call.id ?? `toolu_${number}`, name: call.name, input: {} },
    });
    for (const piece of pieces(inputText(call.input)))
      events.push({ type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: piece } });
    events.push({ type: 'content_block_stop', index: index++ });
  }
  const reason = (reply.calls ?? []).length > 0 ? 'tool_use' : 'end_turn';
  events.push(
    {
      type: 'message_delta',
      delta: { stop_reason: reason, stop_sequence: null },
      usage: { output_tokens: usage.output },
    },
    { type: 'message_stop' },
  );
  return events.map(event);
}

function chat(reply: FakeReply, model: string): string[] {
  const usage = reply.usage ?? NO_USAGE;
  const base = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model };
  const chunk = (delta: object, finish: string | null = null) => ({
    ...base,
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const events: object[] = [chunk({ role: 'assistant', content: '' })];
  for (const piece of pieces(reply.text ?? '')) events.push(chunk({ content: piece }));
  for (const [index, call] of (reply.calls ?? []).entries()) {
    events.push(
      chunk({
        tool_calls: [
          { index, id: call.id ?? `call_${index}`, type: 'function', function: { name: call.name, arguments: '' } },
        ],
      }),
    );
    for (const piece of pieces(inputText(call.input)))
      events.push(chunk({ tool_calls: [{ index, function: { arguments: piece } }] }));
  }
  events.push(chunk({}, (reply.calls ?? []).length > 0 ? 'tool_calls' : 'stop'));
  const prompt = usage.uncached + usage.cacheRead + usage.cacheWrite;
  events.push({
    ...base,
    choices: [],
    usage: {
      prompt_tokens: prompt,
      completion_tokens: usage.output,
      total_tokens: prompt + usage.output,
      prompt_tokens_details: { cached_tokens: usage.cacheRead },
    },
  });
  return [...events.map(event), 'data: [DONE]\n\n'];
}

function responses(reply: FakeReply, model: string): string[] {
  const usage = reply.usage ?? NO_USAGE;
  const base = { id: 'resp_1', object: 'response', created_at: 1, model };
  const events: object[] = [{ type: 'response.created', response: { ...base, status: 'in_progress', output: [] } }];
  let index = 0;
  if (reply.text !== undefined) {
    const item = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: reply.text, annotations: [] }],
    };
    events.push({
      type: 'response.output_item.added',
      output_index: index,
      item: { ...item, status: 'in_progress', content: [] },
    });
    for (const piece of pieces(reply.text))
      events.push({
        type: 'response.output_text.delta',
        item_id: 'msg_1',
        output_index: index,
        content_index: 0,
        delta: piece,
      });
    events.push({ type: 'response.output_item.done', output_index: index++, item });
  }
  for (const [number, call] of (reply.calls ?? []).entries()) {
    const item = {
      id: `fc_${number}`,
      type: 'function_call',
      status: 'completed',
      call_id: call.id ?? `call_${number}`,
      name: call.name,
      arguments: inputText(call.input),
    };
    events.push({
      type: 'response.output_item.added',
      output_index: index,
      item: { ...item, status: 'in_progress', arguments: '' },
    });
    for (const piece of pieces(item.arguments))
      events.push({
        type: 'response.function_call_arguments.delta',
        item_id: item.id,
        output_index: index,
        delta: piece,
      });
    events.push({ type: 'response.output_item.done', output_index: index++, item });
  }
  const total = usage.uncached + usage.cacheRead + usage.cacheWrite;
  const counts = {
    input_tokens: total,
    input_tokens_details: { cached_tokens: usage.cacheRead },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: total + usage.output,
  };
  events.push({ type: 'response.completed', response: { ...base, status: 'completed', output: [], usage: counts } });
  return events.map(event);
}

const inputText = (input: unknown) => (typeof input === 'string' ? input : JSON.stringify(input));

function pieces(text: string): string[] {
  const size = Math.max(1, Math.ceil(text.length / 3));
  return text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'gu')) ?? [];
}
