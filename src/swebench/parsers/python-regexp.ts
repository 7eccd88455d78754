/**
 * Regular expressions that mean what they mean in Python's `re` on text: `.` stops at a line feed alone, `^` and `$` look for line feeds alone, `\s \d \w \b` are those of
 * Unicode. Covers what log parsers use: classes, groups, lazy repeats, look-behind; no named groups.
 */

/** White space as `str.isspace` sees it. */
const SPACE = '\\t-\\r\\u001c-\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const WORD = '\\p{L}\\p{N}_';

const OUTSIDE: Readonly<Record<string, string>> = {
  s: `[${SPACE}]`,
  S: `[^${SPACE}]`,
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  w: `[${WORD}]`,
  W: `[^${WORD}]`,
  b: `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`,
};
/** Within a class of its own complement is taken character by character: every sign is white space or not. */
const INSIDE: Readonly<Record<string, string>> = { s: SPACE, d: '\\p{Nd}', w: WORD };
const NEEDS_ESCAPE = /[\^$\\.*+?()[\]{}|/-]/;

/** `m`: anchors at every line. The result is global when `g` is given, for `matchAll`. */
export function pythonRegExp(source: string, flags: '' | 'm' | 'g' | 'gm' = ''): RegExp {
  const multiline = flags.includes('m');
  let out = '';
  let inClass = false;
  for (let at = 0; at < source.length; at++) {
    const sign = source[at] ?? '';
    if (sign === '\\') {
      const next = source[++at] ?? '';
      if (inClass && next === 'S')
        out += `\\u0000-\\u0008\\u000e-\\u001b\\u0021-\\u0084\\u0086-\\u009f\\u00a1-\\u167f\\u1681-\\u1fff\\u200b-\\u2027\\u202a-\\u202e\\u2030-\\u205e\\u2060-\\u2fff\\u3001-\\u{10ffff}`;
      else out += (inClass ? INSIDE : OUTSIDE)[next] ?? escaped(next);
    } else if (inClass) {
      if (sign === ']') inClass = false;
      out += sign;
    } else if (sign === '[') {
      inClass = true;
      out += sign;
    } else if (sign === '.') out += '[^\\n]';
    else if (sign === '^') out += multiline ? '(?<![^\\n])' : '(?<![^])';
    else if (sign === '$') out += multiline ? '(?![^\\n])' : '(?=\\n?(?![^]))';
    else out += sign;
  }
  return new RegExp(out, flags.includes('g') ? 'gu' : 'u');
}

/** A character class or control sign keeps its meaning; other signs may be escaped without need. */
function escaped(sign: string): string {
  if ('ntrfv0123456789'.includes(sign) || NEEDS_ESCAPE.test(sign)) return `\\${sign}`;
  return sign;
}

/** Like `re.match`: at the start of the text only. */
export function matchStart(pattern: RegExp, text: string): RegExpExecArray | null {
  const match = pattern.exec(text);
  return match === null || match.index > 0 ? null : match;
}
