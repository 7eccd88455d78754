/** Why a text was not found in a file, when it is one of the usual reasons. Works on the latin1 form of `edit-text.ts`. */

const NUMBERED = /^ *\d+\t/;

/** A sentence with a space before it, or nothing. */
export function missHint(content: string, text: string): string {
  const lines = text.split('\n');
  if (NUMBERED.test(text) && lines.every((line) => NUMBERED.test(line) || line.trim() === ''))
    return ' It holds the line numbers that `view` prints; leave them and the tab behind them out.';
  const at = similarLines(content.split('\n').map(squeeze), trimEmpty(lines.map(squeeze)));
  if (at !== undefined) {
    return ` Lines ${at.first} to ${at.last} hold the same text with other white space: check indentation, tabs and line ends.`;
  }
  const wanted = squeeze(text);
  return wanted !== '' && squeeze(content).includes(wanted)
    ? ' The same text with other white space is there: check indentation, tabs and line ends.'
    : '';
}

/** First place where whole lines are alike but for white space. */
function similarLines(
  lines: readonly string[],
  wanted: readonly string[],
): { first: number; last: number } | undefined {
  if (wanted.length === 0) return undefined;
  const at = lines.findIndex((_, start) => wanted.every((line, index) => lines[start + index] === line));
  return at < 0 ? undefined : { first: at + 1, last: at + wanted.length };
}

function trimEmpty(lines: readonly string[]): string[] {
  const first = lines.findIndex((line) => line !== '');
  return first < 0 ? [] : lines.slice(first, lines.findLastIndex((line) => line !== '') + 1);
}

function squeeze(text: string): string {
  return text.replaceAll(/[ \t\r\n]+/g, ' ').trim();
}
