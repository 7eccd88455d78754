import { expect, test } from 'vitest';
import { AssayError } from '../contracts/index.ts';
import { DEFAULT_PROMPT, promptTemplate } from './prompt-template.ts';

const values = { problem_statement: 'Fix $1 and {{workdir}}.', workdir: '/testbed', base_commit: 'abc' };

test('the built-in prompt names the folder, the issue and the rules, and has nothing left to fill in', () => {
  const { system, firstMessage } = promptTemplate().fill({ ...values, problem_statement: 'ISSUE' });
  expect(system).not.toBe('');
  for (const part of ['/testbed', '<issue>\nISSUE\n</issue>', 'abc', 'no network', 'without calling a tool'])
    expect(firstMessage).toContain(part);
  expect(`${system}${firstMessage}`).not.toMatch(/\{\{|\}\}|undefined/);
  expect(promptTemplate().text).toBe(DEFAULT_PROMPT);
});

test('the issue is taken literally: placeholders and replacement patterns in it are only text', () => {
  expect(promptTemplate('<{{ problem_statement }}> {{workdir}}').fill(values)).toEqual({
    system: '',
    firstMessage: '<Fix $1 and {{workdir}}.> /testbed',
  });
});

test.each(['\n', '\r\n'])('a line of three dashes ends the system prompt (line end %j)', (end) => {
  const text = ['Be brief.', '---', 'In {{workdir}}:', '---', '{{problem_statement}}', ''].join(end);
  const filled = promptTemplate(text).fill(values);
  expect(filled.system).toBe('Be brief.');
  expect(filled.firstMessage).toBe(['In /testbed:', '---', values.problem_statement].join(end));
});

test.each([
  ['{{problem_statement}} {{secret}}', '{{secret}}'],
  ['{{problem_statement}} {{constructor}}', '{{constructor}}'],
  ['Just do it.', 'lacks {{problem_statement}}'],
])('refuses %j', (text, message) => {
  expect(() => promptTemplate(text)).toThrow(message);
  try {
    promptTemplate(text);
  } catch (error) {
    expect(error).toBeInstanceOf(AssayError);
    expect((error as AssayError).code).toBe('config-invalid');
  }
});
