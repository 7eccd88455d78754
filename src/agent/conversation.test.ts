import { expect, test } from 'vitest';
import { Conversation } from './conversation.ts';

const first = { role: 'user', content: [{ type: 'text', text: 'issue' }] } as const;
const fixed = { system: 's', tools: [], maxOutputTokens: 10 };

test('a request stays as it was when the conversation goes on', () => {
  const conversation = new Conversation(fixed, { ...first, content: [...first.content] });
  const request = conversation.request();
  conversation.addReply({ role: 'assistant', content: [{ type: 'text', text: 'a' }] });
  conversation.say('b');
  conversation.addResults([]);
  expect(request).toEqual({ ...fixed, messages: [first] });
  expect(conversation.request().messages.map((message) => message.role)).toEqual(['user', 'assistant', 'user', 'tool']);
});

test('replies are kept in a form that providers take back, and are not changed themselves', () => {
  const conversation = new Conversation(fixed, { ...first, content: [...first.content] });
  const reasoning = { type: 'reasoning', text: 'hm', providerData: { signature: 'x' } } as const;
  const call = { type: 'tool-call', id: '1', name: 'bash', input: {} } as const;
  const silent = { role: 'assistant' as const, content: [reasoning] };
  conversation.addReply(silent);
  conversation.addReply({ role: 'assistant', content: [{ type: 'text', text: '\n' }, call] });
  expect(silent.content).toEqual([reasoning]);
  expect(conversation.request().messages.slice(1)).toEqual([
    { role: 'assistant', content: [reasoning, { type: 'text', text: '(empty)' }] },
    { role: 'assistant', content: [call] },
  ]);
});
