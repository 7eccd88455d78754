import { expect, test } from 'vitest';
import { parsePythonLiteral, unescapePython } from './python-literal.ts';

test('reads what repr prints', () => {
  expect(
    parsePythonLiteral(`{'id': 4, "it's": [True, None, -1.5e3], 'pair': (1, 'a'), 'one': (2,), 'same': (3)}`),
  ).toEqual({
    id: 4,
    "it's": [true, null, -1500],
    pair: [1, 'a'],
    one: [2],
    same: 3,
  });
  expect(parsePythonLiteral(' [ ] ')).toEqual([]);
  expect(parsePythonLiteral('{}')).toEqual({});
  expect(parsePythonLiteral('1_000')).toBe(1000);
});

test('resolves escapes, keeps raw strings, joins neighbours', () => {
  expect(parsePythonLiteral(String.raw`'a\n\x41\u00e9\U0001F600\101\q' "b"`)).toBe('a\nAé😀A\\qb');
  expect(parsePythonLiteral(String.raw`r'\n'`)).toBe('\\n');
  expect(parsePythonLiteral(`'''it's "so"'''`)).toBe(`it's "so"`);
});

test('text that was decoded once keeps its characters', () => {
  expect(unescapePython('don’t \\u2019 é \\ud83d\\ude00')).toBe('don’t ’ é 😀');
});

test('an own key named __proto__ is data', () => {
  expect(Object.keys(parsePythonLiteral(`{'__proto__': 1}`) as object)).toEqual(['__proto__']);
});

test.each([
  '[toString]',
  'constructor',
  '',
  '[1 2]',
  '[,]',
  "{'a' 1}",
  "'open",
  '1 2',
  '{1, 2}',
  "b'x'",
  '__import__("os")',
  '['.repeat(200),
])('refuses %s', (text) => {
  expect(() => parsePythonLiteral(text)).toThrow(SyntaxError);
});
