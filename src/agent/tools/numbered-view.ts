/** Part of a text with line numbers in the form models know, with a size guard. */
import { countLines, numberedLines } from './edit-text.ts';

/** Characters of one view; a longer one is cut at a line and says how to see the rest. */
export const MAX_VIEW_CHARACTERS = 60_000;

/** `content` is in the form of `edit-text.ts`, `what` names it; lines are 1-based and inclusive. */
export function numberedView(content: string, what: string, from: number, to: number): string {
  const lines = numberedLines(content, from, to);
  const { text, whole } = clip(lines);
  const head = `Here's the result of running \`cat -n\` on ${what}:\n`;
  if (lines.length === 0) return `${head}(the file is empty)`;
  if (whole === lines.length) return head + text;
  const shown = whole === 0 ? `a part of line ${from}` : `lines ${from} to ${from + whole - 1}`;
  const rest = whole === 0 ? 'use bash to see more of it' : 'use `view_range` to see more';
  return `${head}${text}\n<response clipped> Shown: ${shown} of ${countLines(content)}; ${rest}.`;
}

/** As many whole lines as fit; of a first line that does not fit alone, its start. */
function clip(lines: readonly string[]): { text: string; whole: number } {
  let size = 0;
  const fit = lines.findIndex((line) => {
    size += line.length + 1;
    return size > MAX_VIEW_CHARACTERS;
  });
  if (fit === 0)
    return { text: (lines[0] ?? '').slice(0, MAX_VIEW_CHARACTERS).replace(/\p{Surrogate}$/u, ''), whole: 0 };
  const whole = fit < 0 ? lines.length : fit;
  return { text: lines.slice(0, whole).join('\n'), whole };
}
