/**
 * Text of terminals as runs of characters with styles. Colours and weights (SGR, ECMA-48 8.3.117) are applied; every other control character and the marks that reorder text are
 * shown as escapes, so that nothing in a log can hide or move anything.
 */
export interface StyledRun {
  text: string;
  /** Classes of the style sheet: `fg-1`, `bg-4`, `bold`, …; empty for plain text. */
  classes: string;
}

interface Style {
  foreground: number | null;
  background: number | null;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
}

const PLAIN: Style = { foreground: null, background: null, bold: false, dim: false, italic: false, underline: false };
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const SGR = /\x1b\[([0-9;]*)m/g;
/** Controls, all characters of formats (marks that reorder, that join or that nobody sees, tags), and the two that break lines elsewhere only. */
const HIDDEN = /(?![\t\n])\p{Cc}|\p{Cf}|[\u2028\u2029]/gu;

export function styledRuns(text: string): StyledRun[] {
  const runs: StyledRun[] = [];
  let style = PLAIN;
  let from = 0;
  const push = (part: string) => {
    if (part !== '') runs.push({ text: visibleText(part), classes: classesOf(style) });
  };
  for (const match of text.matchAll(SGR)) {
    push(text.slice(from, match.index));
    style = applyCodes(style, (match[1] ?? '').split(';').map(Number));
    from = match.index + match[0].length;
  }
  push(text.slice(from));
  return runs;
}

/** Control characters as `\x1b`, marks that reorder text as `\u202e`; line ends of any kind as line ends. */
export function visibleText(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n').replaceAll(HIDDEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code > 0xffff) return `\\u{${code.toString(16)}}`;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

function applyCodes(before: Style, codes: readonly number[]): Style {
  let style = before;
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    if (code === 38 || code === 48) {
      // 5;n picks from a palette, 2;r;g;b a colour: the first eight and their bright forms are shown, others as they are without.
      const picked = codes[at + 1] === 5 ? (codes[at + 2] ?? 0) : null;
      at += codes[at + 1] === 5 ? 2 : 4;
      const colour = picked !== null && picked < 16 ? picked : null;
      style = code === 38 ? { ...style, foreground: colour } : { ...style, background: colour };
    } else style = applyCode(style, code);
  }
  return style;
}

function applyCode(style: Style, code: number): Style {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 3) return { ...style, italic: true };
  if (code === 4) return { ...style, underline: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 23) return { ...style, italic: false };
  if (code === 24) return { ...style, underline: false };
  if (code >= 30 && code <= 37) return { ...style, foreground: code - 30 };
  if (code >= 90 && code <= 97) return { ...style, foreground: code - 82 };
  if (code >= 40 && code <= 47) return { ...style, background: code - 40 };
  if (code >= 100 && code <= 107) return { ...style, background: code - 92 };
  if (code === 39) return { ...style, foreground: null };
  return code === 49 ? { ...style, background: null } : style;
}

function classesOf(style: Style): string {
  return [
    style.foreground === null ? '' : `fg-${style.foreground}`,
    style.background === null ? '' : `bg-${style.background}`,
    ...(['bold', 'dim', 'italic', 'underline'] as const).filter((name) => style[name]),
  ]
    .filter((name) => name !== '')
    .join(' ');
}
