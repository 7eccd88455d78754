/** Our messages and tools in the provider packages' form, with cache breakpoints for Anthropic. */
import type {
  LanguageModelV3CallOptions,
  LanguageModelV3Message,
  LanguageModelV3Prompt,
  SharedV3ProviderOptions,
} from '@ai-sdk/provider';
import type { ModelMessage, ModelRequest, ToolMessage, ToolResult, UserMessage } from '../contracts/index.ts';

type SdkTool = NonNullable<LanguageModelV3CallOptions['tools']>[number];

const CACHE: { providerOptions: SharedV3ProviderOptions } = {
  providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } },
};
/** Anthropic looks back this many blocks from a breakpoint for an earlier cache entry. */
const LOOK_BACK_BLOCKS = 20;

/** Whose way of writing requests. `openai` is the Responses API. */
export type Dialect = 'anthropic' | 'openai' | 'openai-chat' | 'openai-compatible' | 'google';

/**
 * The prompt. Breakpoints (only Anthropic reads them): the system prompt (with the tools before it), the last message, and the end of the previous turn when the last one has so
 * many blocks that the look-back would miss it.
 */
export function sdkPrompt(request: ModelRequest, dialect: Dialect): LanguageModelV3Prompt {
  const prompt: LanguageModelV3Prompt =
    request.system === '' ? [] : [{ role: 'system', content: request.system, ...CACHE }];
  const last = request.messages.length - 1;
  const previousTurn =
    blocksOf(request.messages[last]) + blocksOf(request.messages[last - 1]) >= LOOK_BACK_BLOCKS ? last - 2 : -1;
  const chat = dialect === 'openai-chat' || dialect === 'openai-compatible';
  for (const [index, message] of request.messages.entries()) {
    const cached = index === last || index === previousTurn;
    const images = chat && message.role === 'tool' ? imagesAside(message) : undefined;
    prompt.push({ ...sdkMessage(images?.results ?? message), ...(cached ? CACHE : {}) } as LanguageModelV3Message);
    if (images !== undefined) prompt.push(sdkMessage(images.after));
  }
  return prompt;
}

/** Tool results of Chat Completions hold text alone: images follow in a message of the user's, named in the results. Undefined when there are none. */
function imagesAside(message: ToolMessage): { results: ToolMessage; after: UserMessage } | undefined {
  const after: UserMessage = { role: 'user', content: [] };
  let count = 0;
  const results = message.results.map((result) => ({
    ...result,
    content: result.content.map((part) => {
      if (part.type === 'text') return part;
      const label = `Image ${++count} of the tool results above`;
      after.content.push({ type: 'text', text: `${label}:` }, part);
      return { type: 'text' as const, text: `[${label}: see the next message]` };
    }),
  }));
  return count === 0 ? undefined : { results: { role: 'tool', results }, after };
}

/** The tools; Anthropic gets its own tool types where a tool names one. */
export function sdkTools(request: ModelRequest, dialect: Dialect): SdkTool[] {
  return request.tools.map((tool): SdkTool => {
    const native = dialect === 'anthropic' ? tool.native?.anthropic : undefined;
    if (native !== undefined)
      return { type: 'provider', id: `anthropic.${native.type}`, name: tool.name, args: native.options ?? {} };
    return { type: 'function', name: tool.name, description: tool.description, inputSchema: tool.inputSchema };
  });
}

function sdkMessage(message: ModelMessage): LanguageModelV3Message {
  switch (message.role) {
    case 'user':
      return {
        role: 'user',
        content: message.content.map((part) =>
          part.type === 'text'
            ? { type: 'text', text: part.text }
            : { type: 'file', data: part.data, mediaType: part.mediaType },
        ),
      };
    case 'assistant':
      return {
        role: 'assistant',
        content: message.content.map((part) => {
          if (part.type === 'text') return { type: 'text', text: part.text };
          const providerOptions =
            part.providerData === undefined ? {} : { providerOptions: part.providerData as SharedV3ProviderOptions };
          if (part.type === 'reasoning') return { type: 'reasoning', text: part.text, ...providerOptions };
          // Providers want an object; a malformed input goes back as text in one.
          const input = part.malformed === true ? { malformed_input: String(part.input) } : part.input;
          return { type: 'tool-call', toolCallId: part.id, toolName: part.name, input, ...providerOptions };
        }),
      };
    case 'tool':
      return {
        role: 'tool',
        content: message.results.map((result) => ({
          type: 'tool-result',
          toolCallId: result.callId,
          toolName: result.name,
          output: sdkOutput(result),
        })),
      };
  }
}

function sdkOutput(
  result: ToolResult,
): Extract<LanguageModelV3Message, { role: 'tool' }>['content'][number] extends infer P
  ? P extends { type: 'tool-result'; output: infer O }
    ? O
    : never
  : never {
  const texts = result.content.map((part) => (part.type === 'text' ? part.text : ''));
  if (result.content.every((part) => part.type === 'text'))
    return { type: result.isError ? 'error-text' : 'text', value: texts.join('\n') };
  return {
    type: 'content',
    value: result.content.map((part) =>
      part.type === 'text'
        ? { type: 'text', text: part.text }
        : { type: 'file-data', data: part.data, mediaType: part.mediaType },
    ),
  };
}

function blocksOf(message: ModelMessage | undefined): number {
  if (message === undefined) return 0;
  return message.role === 'tool' ? message.results.length : message.content.length;
}
