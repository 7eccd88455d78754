/** Google Gemini `streamGenerateContent` with `alt=sse`: each event is a partial response. Calls come whole; `promptTokenCount` contains what the cache read, `candidatesTokenCount` leaves out the thoughts. */
import { event, type FakeReply, NO_USAGE, pieces, stopOf } from '../fake-reply.ts';

const STOP = {
  end: 'STOP',
  'tool-use': 'STOP',
  'max-tokens': 'MAX_TOKENS',
  refusal: 'SAFETY',
  'context-overflow': 'MAX_TOKENS',
} as const;

export function googleEvents(reply: FakeReply, model: string): string[] {
  const usage = reply.usage ?? NO_USAGE;
  const reasoning = usage.reasoning ?? 0;
  const signature = reply.thinking === undefined ? {} : { thoughtSignature: reply.thinking.signature };
  const parts: object[] = [
    ...pieces(reply.thinking?.text ?? '').map((text) => ({ text, thought: true })),
    ...pieces(reply.text ?? '').map((text) => ({ text })),
    ...(reply.calls ?? []).map((call, index) => ({
      functionCall: { name: call.name, args: call.input },
      ...(index === 0 ? signature : {}),
    })),
  ];
  const response = (part: object[], more: object = {}) => ({
    modelVersion: model,
    candidates: [{ index: 0, content: { role: 'model', parts: part }, ...more }],
  });
  const prompt = usage.uncached + usage.cacheRead + usage.cacheWrite;
  return [
    ...parts.map((part) => response([part])),
    {
      ...response([{ text: '' }], { finishReason: STOP[stopOf(reply)] }),
      usageMetadata: {
        promptTokenCount: prompt,
        cachedContentTokenCount: usage.cacheRead,
        candidatesTokenCount: usage.output - reasoning,
        thoughtsTokenCount: reasoning,
        totalTokenCount: prompt + usage.output,
      },
    },
  ].map(event);
}
