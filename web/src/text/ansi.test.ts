import { describe, expect, it } from 'vitest';
import { styledRuns, visibleText } from './ansi.ts';

describe('styledRuns', () => {
  it('applies colours and weights until they are taken back', () => {
    expect(styledRuns('a\x1b[1;31mred\x1b[39mbold\x1b[0m.')).toEqual([
      { text: 'a', classes: '' },
      { text: 'red', classes: 'fg-1 bold' },
      { text: 'bold', classes: 'bold' },
      { text: '.', classes: '' },
    ]);
  });

  it('reads palette and bright colours, and leaves out what it has no class for', () => {
    const classes = (codes: string) => styledRuns(`\x1b[${codes}mx`)[0]?.classes;
    expect(classes('38;5;9')).toBe('fg-9');
    expect(classes('92')).toBe('fg-10');
    expect(classes('38;5;200')).toBe('');
    expect(classes('38;2;1;2;3;4')).toBe('underline');
    expect(classes('104')).toBe('bg-12');
  });

  it('shows every other escape sequence', () => {
    expect(styledRuns('\x1b[2Jx\x1b]0;title\x07')).toEqual([{ text: '\\x1b[2Jx\\x1b]0;title\\x07', classes: '' }]);
  });
});

describe('visibleText', () => {
  it('shows marks that reorder text, and keeps tabs and line ends', () => {
    expect(visibleText('a\u202eb\tc\r\nd\re')).toBe('a\\u202eb\tc\nd\ne');
    expect(visibleText('\u061c\u200b\xad\u2028\u{e0041}')).toBe('\\u061c\\u200b\\xad\\u2028\\u{e0041}');
  });
});
