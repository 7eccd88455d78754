import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countLines, encode, insertAfter, numberedLines, replaceOnce } from './edit-text.ts';

/** Any bytes, with many line ends, tabs and carriage returns among them. */
const bytes = fc
  .array(fc.oneof(fc.constantFrom(0x0a, 0x0d, 0x09, 0x20, 0xef, 0xbb, 0xbf, 0xff), fc.integer({ min: 0, max: 255 })), {
    maxLength: 60,
  })
  .map((values) => Buffer.from(values).toString('latin1'));

describe('replaceOnce', () => {
  test('everything outside of the edit stays byte for byte', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, (before, after, replacement) => {
        const marker = encode('«unique»');
        const result = replaceOnce(before + marker + after, marker, replacement, '/f');
        expect(result.ok).toBe(true);
        if (result.ok) {
          expect(result.content.startsWith(before)).toBe(true);
          expect(result.content.endsWith(after)).toBe(true);
        }
      }),
    );
  });

  test('`$&` and `$1` are only text', () => {
    expect(replaceOnce('a b c', 'b', '$& $1 $$', '/f')).toMatchObject({ content: 'a $& $1 $$ c' });
  });

  test('no match, several matches and overlapping matches are errors with line numbers', () => {
    expect(replaceOnce('abc', 'x', 'y', '/f')).toMatchObject({
      ok: false,
      message: expect.stringContaining('did not appear verbatim in /f'),
    });
    expect(replaceOnce('a\nb\na\nb\n', 'a\nb', 'y', '/f')).toMatchObject({
      ok: false,
      message: expect.stringContaining('in lines [1, 3]'),
    });
    expect(replaceOnce('aaa', 'aa', 'y', '/f')).toMatchObject({ ok: false });
    expect(replaceOnce('abc', '', 'y', '/f')).toMatchObject({ ok: false });
  });

  test('the usual reasons of a miss are named', () => {
    const message = (content: string, text: string) => {
      const result = replaceOnce(content, text, 'z', '/f');
      return result.ok ? '' : result.message;
    };
    expect(message('a\n\tif x:\n\t\ty\n', '    if x:\n        y\n')).toContain(
      'Lines 2 to 3 hold the same text with other white space',
    );
    expect(message('f(a,  b)', 'f(a, b)')).toContain('other white space');
    expect(message('one\ntwo\n', '     1\tone\n     2\ttwo')).toContain('holds the line numbers that `view` prints');
    expect(message('one\n', '\n\n\n')).toMatch(/verbatim in \/f\.$/);
  });

  test('a text that is everywhere is refused at once, with some of the lines', () => {
    const started = performance.now();
    expect(replaceOnce('ab\n'.repeat(300_000), 'b\na', 'z', '/f')).toMatchObject({
      message: expect.stringMatching(/in lines \[1, 2, 3, [\d, ]+20, \.\.\.\]/),
    });
    expect(replaceOnce('x'.repeat(5_000), 'y'.repeat(5_000), 'z', '/f')).toMatchObject({
      message: expect.stringContaining('... (5000 characters)'),
    });
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test('a file with CRLF throughout keeps it although the model writes LF', () => {
    expect(replaceOnce('a\r\nb\r\nc\r\n', 'a\nb', 'x\ny', '/f')).toMatchObject({ content: 'x\r\ny\r\nc\r\n' });
    expect(replaceOnce('a\r\nb\nc', 'b\nc', 'x', '/f')).toMatchObject({ content: 'a\r\nx' });
  });
});

describe('insertAfter', () => {
  test('puts whole lines at the start, in the middle and at the end', () => {
    expect(insertAfter('a\nb\n', 0, 'x')).toMatchObject({ content: 'x\na\nb\n' });
    expect(insertAfter('a\nb\n', 1, 'x\ny\n')).toMatchObject({ content: 'a\nx\ny\nb\n' });
    expect(insertAfter('a\nb\n', 2, 'x')).toMatchObject({ content: 'a\nb\nx\n' });
    expect(insertAfter('', 0, 'x')).toMatchObject({ content: 'x\n' });
  });

  test('a missing last newline stays missing; CRLF stays CRLF', () => {
    expect(insertAfter('a\nb', 2, 'x')).toMatchObject({ content: 'a\nb\nx' });
    expect(insertAfter('a\r\nb\r\n', 1, 'x')).toMatchObject({ content: 'a\r\nx\r\nb\r\n' });
  });

  test('a line that does not exist is refused with the range', () => {
    for (const line of [-1, 3, 1.5])
      expect(insertAfter('a\nb\n', line, 'x')).toMatchObject({ ok: false, message: expect.stringContaining('[0, 2]') });
  });

  test('a byte order mark stays first', () => {
    expect(insertAfter(encode('\ufeffa\n'), 0, 'x')).toMatchObject({ content: encode('\ufeffx\na\n') });
  });

  test('mixed line endings in the inserted text lose nothing', () => {
    expect(insertAfter('a\r\nb', 2, 'x\r\ny\n')).toMatchObject({ content: 'a\r\nb\r\nx\r\ny', lines: 2 });
    expect(insertAfter('a\nb', 2, 'x\r\n')).toMatchObject({ content: 'a\nb\nx' });
  });

  test('old lines stay byte for byte', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), (content, seed) => {
        const line = seed % (countLines(content) + 1);
        const result = insertAfter(content, line, 'NEW');
        expect(result.ok).toBe(true);
        if (!result.ok) return;
        const at = result.content.indexOf('NEW');
        const [before, after] = [result.content.slice(0, at), result.content.slice(at + 3)];
        // One line end was added: after the new text, or before it at the end of a file without a last newline.
        expect(
          ['\n', '\r\n'].flatMap((end) => [before + after.replace(end, ''), before.slice(0, -end.length) + after]),
        ).toContain(content);
      }),
    );
  });
});

test('numbered lines look like cat -n and keep tabs', () => {
  expect(numberedLines('a\n\tb\nc\n', 2, 3)).toEqual(['     2\t\tb', '     3\tc']);
});
