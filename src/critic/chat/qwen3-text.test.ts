import { expect, test } from 'vitest';
import type { ModelMessage } from '../../contracts/index.ts';
import { qwen3Text } from './qwen3-text.ts';

const user = (text: string): ModelMessage => ({ role: 'user', content: [{ type: 'text', text }] });

test('reasoning is shown after the last question alone; calls without text begin at once; results in a row share a message', () => {
  const turn: ModelMessage = {
    role: 'assistant',
    content: [
      { type: 'reasoning', text: '\nhm\n' },
      { type: 'tool-call', id: 'a', name: 'f', input: { list: [1, 'é'], none: null, nested: { x: true } } },
      { type: 'tool-call', id: 'b', name: 'g', input: 'raw' },
    ],
  };
  const results: ModelMessage = {
    role: 'tool',
    results: ['1', '2'].map((text) => ({ callId: text, name: 'f', content: [{ type: 'text', text }], isError: false })),
  };
  const calls =
    '<tool_call>\n{"name": "f", "arguments": {"list": [1, "é"], "none": null, "nested": {"x": true}}}\n</tool_call>\n<tool_call>\n{"name": "g", "arguments": raw}\n</tool_call>';
  const shown =
    '<|im_start|>user\n<tool_response>\n1\n</tool_response>\n<tool_response>\n2\n</tool_response><|im_end|>\n';
  expect(qwen3Text({ system: '', messages: [user('Q'), turn, results, user('R'), turn, results] })).toBe(
    `<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n${calls}<|im_end|>\n${shown}` +
      `<|im_start|>user\nR<|im_end|>\n<|im_start|>assistant\n<think>\nhm\n</think>\n\n${calls}<|im_end|>\n${shown}`,
  );
  expect(qwen3Text({ system: 'S', messages: [turn] })).toBe(
    `<|im_start|>system\nS<|im_end|>\n<|im_start|>assistant\n${calls}<|im_end|>\n`,
  );
});
