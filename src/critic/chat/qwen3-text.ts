/**
 * A trajectory as the template of Qwen3's tokenizer renders it without tool declarations: structured tool calls in `<tool_call>`, results in `<tool_response>` of a user message, an
 * empty `<think>` block (or the reasoning) in the turns after the last question of the user. Pure.
 */
import type { AssistantMessage, Trajectory } from '../../contracts/index.ts';
import { partsText } from './chat-messages.ts';

export function qwen3Text({ system, messages }: Pick<Trajectory, 'system' | 'messages'>): string {
  const asked = messages.findLastIndex(({ role }) => role === 'user');
  // Without any question the template counts all turns as earlier ones.
  const lastQuestion = asked < 0 ? messages.length : asked;
  const lastAssistant = messages.length - 1;
  const blocks = messages.map((message, at) => {
    if (message.role === 'user') return block('user', partsText(message.content));
    if (message.role === 'tool') {
      const responses = message.results.map(
        ({ content }) => `<tool_response>\n${partsText(content)}\n</tool_response>`,
      );
      return block('user', responses.join('\n'));
    }
    return block('assistant', assistantBody(message, at > lastQuestion, at === lastAssistant));
  });
  return [...(system === '' ? [] : [block('system', system)]), ...blocks].join('');
}

function block(role: string, body: string): string {
  return `<|im_start|>${role}\n${body}<|im_end|>\n`;
}

/** The reasoning of earlier turns is left out by the template; the last turn has its block even when there was none. */
function assistantBody({ content }: AssistantMessage, afterQuestion: boolean, last: boolean): string {
  const text = content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
  const reasoning = content
    .flatMap((part) => (part.type === 'reasoning' ? [part.text] : []))
    .join('\n')
    .replaceAll(/^\n+|\n+$/g, '');
  const think = afterQuestion && (last || reasoning !== '') ? `<think>\n${reasoning}\n</think>\n\n` : '';
  const calls = content.flatMap((part) =>
    part.type === 'tool-call'
      ? [`<tool_call>\n{"name": "${part.name}", "arguments": ${spacedJson(part.input)}}\n</tool_call>`]
      : [],
  );
  const said = think === '' ? text : text.replace(/^\n+/, '');
  return think + [...(said === '' ? [] : [said]), ...calls].join('\n');
}

/** JSON with a space after each colon and comma, as Python writes it. A string stands as it is: it is what the model wrote. */
function spacedJson(value: unknown): string {
  if (typeof value === 'string') return value;
  const write = (one: unknown): string => {
    if (Array.isArray(one)) return `[${one.map(write).join(', ')}]`;
    if (typeof one !== 'object' || one === null) return JSON.stringify(one ?? null);
    return `{${Object.entries(one)
      .map(([key, member]) => `${JSON.stringify(key)}: ${write(member)}`)
      .join(', ')}}`;
  };
  return write(value);
}
