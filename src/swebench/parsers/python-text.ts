/** White space as Python's `str` methods see it: JavaScript's set with U+001C-1F and U+0085, without U+FEFF. */
const SPACE = '\\t-\\r\\u001c-\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const IS_SPACE = new RegExp(`[${SPACE}]`);
const BETWEEN = new RegExp(`[${SPACE}]+`);

export function pythonStrip(text: string): string {
  const stripped = pythonStripEnd(text);
  let start = 0;
  while (start < stripped.length && IS_SPACE.test(stripped.charAt(start))) start++;
  return stripped.slice(start);
}

/** Like `rstrip()`. */
export function pythonStripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && IS_SPACE.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** Like `split()` without arguments. */
export function pythonWords(text: string): string[] {
  const stripped = pythonStrip(text);
  return stripped === '' ? [] : stripped.split(BETWEEN);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character begins what is taken away
const ANSI = /\u001b(?:[@-Z\\-_]|\[[0-?]*[ -/]*[@-~])/g;

/** Without colours and cursor moves. */
export function withoutAnsi(text: string): string {
  return text.replace(ANSI, '');
}

/** The text before the last `end`; all of it without one (`rsplit(end, 1)[0]`). */
export function beforeLast(text: string, end: string): string {
  const at = text.lastIndexOf(end);
  return at < 0 ? text : text.slice(0, at);
}

/** The text behind the last `start`; all of it without one. */
export function behindLast(text: string, start: string): string {
  return text.split(start).at(-1) ?? '';
}
