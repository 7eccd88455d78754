/** OpenAI Chat Completions, streaming: chunks with deltas, a last chunk with the usage, `[DONE]`. `prompt_tokens` contains what the cache read. */
import { event, type FakeReply, inputText, NO_USAGE, pieces, stopOf } from '../fake-reply.ts';

const STOP = {
  end: 'stop',
  'tool-use': 'tool_calls',
  'max-tokens': 'length',
  refusal: 'content_filter',
  'context-overflow': 'length',
} as const;

export function openAiChatEvents(reply: FakeReply, model: string): string[] {
  const usage = reply.usage ?? NO_USAGE;
  const base = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model };
  const chunk = (delta: object, finish: string | null = null) => ({
    ...base,
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const calls = (reply.calls ?? []).flatMap((call, index) => [
    chunk({
      tool_calls: [
        { index, id: call.id ?? `call_${index}`, type: 'function', function: { name: call.name, arguments: '' } },
      ],
    }),
    ...pieces(inputText(call.input)).map((text) => chunk({ tool_calls: [{ index, function: { arguments: text } }] })),
  ]);
  const prompt = usage.uncached + usage.cacheRead + usage.cacheWrite;
  return [
    ...[
      chunk({ role: 'assistant', content: '' }),
      ...pieces(reply.thinking?.text ?? '').map((text) => chunk({ reasoning_content: text })),
      ...pieces(reply.text ?? '').map((content) => chunk({ content })),
      ...calls,
      chunk({}, STOP[stopOf(reply)]),
      {
        ...base,
        choices: [],
        usage: {
          prompt_tokens: prompt,
          completion_tokens: usage.output,
          total_tokens: prompt + usage.output,
          prompt_tokens_details: { cached_tokens: usage.cacheRead, cache_write_tokens: usage.cacheWrite },
          ...(usage.reasoning === undefined
            ? {}
            : { completion_tokens_details: { reasoning_tokens: usage.reasoning } }),
        },
      },
    ].map(event),
    'data: [DONE]\n\n',
  ];
}
