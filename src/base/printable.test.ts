import { expect, test } from 'vitest';
import { printableLines, printableText } from './printable.ts';

test('nothing that a terminal would obey gets through; line ends and tabs do', () => {
  const hostile = 'a\tb\r\n\u001b]52;c;ZXZpbA==\u0007\u009b2J\u202eevil\nend\n';
  expect(printableText(hostile)).toBe('a\tb\n\\x1b]52;c;ZXZpbA==\\x07\\x9b2J\\u202eevil\nend\n');
  expect(printableLines(hostile, 10).join('\n')).toBe('a\tb\n\\x1b]52;c;ZXZpbA==\\x07\\x9b2J\\u202eevil\nend');
});
