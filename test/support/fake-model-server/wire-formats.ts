/** Streams one reply in the wire formats of four providers, as server-sent events. */
import type { FakeReply } from './fake-reply.ts';
import { anthropicEvents } from './formats/anthropic.ts';
import { googleEvents } from './formats/google.ts';
import { openAiChatEvents } from './formats/openai-chat.ts';
import { openAiResponsesEvents } from './formats/openai-responses.ts';

export type WireFormat = 'anthropic' | 'openai-chat' | 'openai-responses' | 'google';

/** The format a request's path belongs to. */
export function formatOf(path: string): WireFormat | undefined {
  const [name = ''] = path.split('?');
  if (name.endsWith('/messages')) return 'anthropic';
  if (name.endsWith('/chat/completions')) return 'openai-chat';
  if (name.endsWith(':streamGenerateContent')) return 'google';
  return name.endsWith('/responses') ? 'openai-responses' : undefined;
}

/** Each event as one string, to be written one after the other. */
export function streamEvents(format: WireFormat, reply: FakeReply, model: string): string[] {
  switch (format) {
    case 'anthropic':
      return anthropicEvents(reply, model);
    case 'openai-chat':
      return openAiChatEvents(reply, model);
    case 'openai-responses':
      return openAiResponsesEvents(reply, model);
    case 'google':
      return googleEvents(reply, model);
  }
}

/** An error in the middle of a stream, as each provider tells it. */
export function streamError(format: WireFormat, type: string, message: string): string {
  const data =
    format === 'anthropic'
      ? { type: 'error', error: { type, message } }
      : format === 'openai-responses'
        ? { type: 'error', code: type, message, param: null, sequence_number: 1 }
        : format === 'google'
          ? { error: { code: 503, message, status: type } }
          : { error: { message, type, code: type, param: null } };
  return `${'type' in data ? `event: ${data.type}\n` : ''}data: ${JSON.stringify(data)}\n\n`;
}
