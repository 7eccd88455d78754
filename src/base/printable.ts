/** Text of models and sandboxes in a form that is safe and readable on a terminal. */

/** Longest line shown; of a longer one the start, with the number of characters left out. */
const MAX_LINE = 2_000;

/** Control characters (escape sequences too) and marks that reorder text, but for tab; lines are split before. */
const UNPRINTABLE = /(?!\t)\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu;

/**
 * The lines of a text: control characters as visible escapes, long lines cut, and of more than `maxLines` lines the first and last half with a line
 * between them that says how many are missing.
 */
export function printableLines(text: string, maxLines: number): string[] {
  const lines = text.trimEnd().split(/\r?\n/);
  if (lines.length <= maxLines) return lines.map(printable);
  const tail = Math.floor(maxLines / 2);
  const head = maxLines - tail;
  const missing = `... ${lines.length - head - tail} lines left out ...`;
  return [...lines.slice(0, head).map(printable), missing, ...lines.slice(lines.length - tail).map(printable)];
}

function printable(line: string): string {
  const cut =
    line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)} ... ${line.length - MAX_LINE} characters left out` : line;
  return cut.replaceAll(UNPRINTABLE, visible);
}

/** A text of any length with control characters as visible escapes; its line ends stay. */
export function printableText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll(UNPRINTABLE, (character) => (character === '\n' ? '\n' : visible(character)));
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
}
