/**
 * The last completion of an attempt as LiteLLM logs it (OpenHands `llm_completions`): the messages in OpenAI's chat format and the reply. The patch is not in it; edits made by
 * `str_replace_editor` are.
 */
import { z } from 'zod';
import type { AssistantMessage, ModelMessage } from '../../contracts/index.ts';
import { type TrajectoryFormat, toolText, userText } from '../foreign-trajectory.ts';

const contentSchema = z
  .union([z.string(), z.array(z.object({ type: z.string(), text: z.string().optional() }))])
  .nullish()
  .transform((content) =>
    typeof content === 'string'
      ? content
      : (content ?? []).flatMap(({ text }) => (text === undefined ? [] : [text])).join('\n'),
  );

const messageSchema = z.object({
  role: z.string(),
  content: contentSchema,
  tool_calls: z
    .array(
      z.object({ id: z.string().nullish(), function: z.object({ name: z.string(), arguments: z.string().nullish() }) }),
    )
    .nullish(),
  tool_call_id: z.string().nullish(),
  name: z.string().nullish(),
});

const documentSchema = z.object({
  messages: z.array(messageSchema),
  response: z
    .object({
      choices: z.array(z.object({ message: messageSchema })).nullish(),
    })
    .nullish(),
});

export const chatCompletionFormat: TrajectoryFormat = {
  name: 'chat-completion',
  matches: (document) => Array.isArray((document as { messages?: unknown } | null)?.messages),
  read(document) {
    const { messages: sent, response } = documentSchema.parse(document);
    const last = response?.choices?.[0]?.message;
    const all = last === undefined ? sent : [...sent, last];
    const messages = all.flatMap(toModelMessage);
    const finished = all.at(-1)?.tool_calls?.some((call) => call.function.name === 'finish') ?? false;
    return {
      system: all.find(({ role }) => role === 'system')?.content ?? '',
      messages: messages[0]?.role === 'user' ? messages : [userText(''), ...messages],
      patch: '',
      patchKnown: false,
      ended: finished || (all.at(-1)?.tool_calls ?? []).length === 0 ? 'done' : 'limit',
      usd: null,
      inputTokens: null,
      outputTokens: null,
      wallMs: null,
    };
  },
};

function toModelMessage(message: z.infer<typeof messageSchema>): ModelMessage[] {
  const { role, content } = message;
  if (role === 'user') return [userText(content)];
  if (role === 'tool') {
    return [toolText(message.tool_call_id ?? '', message.name ?? '', content, /^(ERROR|Error):?/.test(content))];
  }
  if (role !== 'assistant') return [];
  const calls: AssistantMessage['content'] = (message.tool_calls ?? []).map((call) => ({
    type: 'tool-call',
    id: call.id ?? '',
    name: call.function.name,
    ...parseInput(call.function.arguments ?? '{}'),
  }));
  return [
    {
      role: 'assistant',
      content: [...(content.trim() === '' ? [] : [{ type: 'text' as const, text: content }]), ...calls],
    },
  ];
}

function parseInput(text: string): { input: unknown; malformed?: boolean } {
  try {
    return { input: JSON.parse(text) as unknown };
  } catch {
    return { input: text, malformed: true };
  }
}
