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
  const others = (reply.choices ?? []).map((choice, at) => otherChoice(choice, at + 1, model));
  const prompt = usage.uncached + usage.cacheRead + usage.cacheWrite;
  const own = [
    chunk({ role: 'assistant', content: '' }),
    ...pieces(reply.thinking?.text ?? '').map((text) => chunk({ reasoning_content: text })),
    ...pieces(reply.text ?? '').map((content) => chunk({ content })),
    ...calls,
    chunk({}, STOP[stopOf(reply)]),
  ];
  const last: object = {
    ...base,
    choices: [],
    usage: {
      prompt_tokens: prompt,
      completion_tokens: usage.output,
      total_tokens: prompt + usage.output,
      prompt_tokens_details: { cached_tokens: usage.cacheRead, cache_write_tokens: usage.cacheWrite },
      ...(usage.reasoning === undefined ? {} : { completion_tokens_details: { reasoning_tokens: usage.reasoning } }),
    },
  };
  return [...[...mixed([own, ...others]), last].map(event), 'data: [DONE]\n\n'];
}

/** A choice after the first as the chunks that a reply of its own would be, without the usage. */
function otherChoice(
  { cut = false, ...reply }: NonNullable<FakeReply['choices']>[number],
  index: number,
  model: string,
): object[] {
  const chunks = openAiChatEvents(reply, model).flatMap((text) => {
    const data = /^data: (\{.*)$/m.exec(text)?.[1];
    const chunk = data === undefined ? undefined : (JSON.parse(data) as { choices: object[] });
    return chunk?.choices[0] === undefined ? [] : [{ ...chunk, choices: [{ ...chunk.choices[0], index }] }];
  });
  return cut ? chunks.slice(0, -1) : chunks;
}

/** One of each list in turn. */
function mixed(lists: readonly object[][]): object[] {
  const longest = Math.max(...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, at) => lists.flatMap((list) => list[at] ?? [])).flat();
}
