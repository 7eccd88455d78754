/**
 * A trajectory as the plain chat messages that the OpenHands critic of 2025 reads: tool calls written as text in the assistant's message, results as messages of the user. Pure.
 * Format: OpenHands' form for models without function calls.
 */
import type { AssistantMessage, ModelMessage, Trajectory } from '../../contracts/index.ts';

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** One message per assistant turn, so that turns can be counted; all other messages that follow each other are merged. No call is dropped, images are named. */
export function chatMessages({ system, messages }: Pick<Trajectory, 'system' | 'messages'>): ChatMessage[] {
  const chat: ChatMessage[] = system === '' ? [] : [{ role: 'system', content: system }];
  for (const message of messages) {
    if (message.role === 'assistant') {
      chat.push({ role: 'assistant', content: assistantText(message) });
      continue;
    }
    const content = userText(message);
    const last = chat.at(-1);
    if (last?.role === 'user') last.content = `${last.content}\n\n${content}`;
    else chat.push({ role: 'user', content });
  }
  return chat;
}

function assistantText({ content }: AssistantMessage): string {
  const parts = content.flatMap((part) => {
    if (part.type === 'reasoning') return [];
    return [part.type === 'text' ? part.text : callText(part.name, part.input)];
  });
  return parts.filter((part) => part !== '').join('\n\n');
}

/** `<function=name>` with one `<parameter=key>` per member; values over several lines stand on their own lines. */
function callText(name: string, input: unknown): string {
  const members = typeof input === 'object' && input !== null ? Object.entries(input) : [['input', input] as const];
  const lines = members.map(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `<parameter=${key}>${text.includes('\n') ? `\n${text}\n` : text}</parameter>`;
  });
  return [`<function=${name}>`, ...lines, '</function>'].join('\n');
}

function userText(message: Exclude<ModelMessage, AssistantMessage>): string {
  if (message.role === 'user') return partsText(message.content);
  return message.results
    .map(({ name, content }) => `EXECUTION RESULT of [${name}]:\n${partsText(content)}`)
    .join('\n\n');
}

/** Critics of text see that there was an image, not what it shows. */
export function partsText(
  parts: readonly ({ type: 'text'; text: string } | { type: 'image'; mediaType: string })[],
): string {
  return parts.map((part) => (part.type === 'text' ? part.text : `[image: ${part.mediaType}]`)).join('\n');
}
