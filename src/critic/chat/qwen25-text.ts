/** ChatML as the template of Qwen2.5-Instruct's tokenizer renders messages without tools. Pure. */
import type { ChatMessage } from './chat-messages.ts';

/** What the template puts first when the conversation has no system message. */
const DEFAULT_SYSTEM = 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.';

export interface RenderedChat {
  text: string;
  /** Of each assistant message: where its content begins, and where its closing `<|im_end|>` stands; UTF-16 offsets into `text`. */
  turns: { contentStart: number; end: number }[];
}

export function qwen25Text(messages: readonly ChatMessage[]): RenderedChat {
  const all: readonly ChatMessage[] =
    messages[0]?.role === 'system' ? messages : [{ role: 'system', content: DEFAULT_SYSTEM }, ...messages];
  const turns: RenderedChat['turns'] = [];
  let text = '';
  for (const { role, content } of all) {
    text += `<|im_start|>${role}\n`;
    const contentStart = text.length;
    text += content;
    if (role === 'assistant') turns.push({ contentStart, end: text.length });
    text += '<|im_end|>\n';
  }
  return { text, turns };
}
