/**
 * The text side of the edit tool, pure. Text is handled as latin1 of the file's bytes, so that everything outside the edit stays byte for byte as it is: line
 * endings, tabs, a byte order mark, a missing last newline, bytes that are no valid UTF-8.
 */
import { missHint } from './miss-hint.ts';

export type EditResult =
  | { ok: true; content: string; firstLine: number; lines: number }
  | { ok: false; message: string };

/** The UTF-8 byte order mark in the form used here. */
const BOM = '\u00ef\u00bb\u00bf';
/** Occurrences looked for: enough to say that a text is not unique, few enough for a text that is everywhere. */
const MAX_OCCURRENCES = 500;
const MAX_LINES_NAMED = 20;
const MAX_QUOTED_CHARACTERS = 1_000;

/** Replaces the one occurrence of `oldText`. None or several are errors that say what to do. */
export function replaceOnce(content: string, oldText: string, newText: string, path: string): EditResult {
  if (oldText === '') return refused('old_str is empty; use `insert` to add text.');
  const adapted = adaptLineEndings(content, oldText);
  const found = occurrences(content, adapted);
  const at = found[0];
  if (at === undefined) {
    return refused(`old_str \`${quoted(oldText)}\` did not appear verbatim in ${path}.${missHint(content, adapted)}`);
  }
  if (found.length > 1) {
    return refused(
      `Multiple occurrences of old_str \`${quoted(oldText)}\` in lines ${namedLines(content, found)}. Please ensure it is unique, for example with more lines around it.`,
    );
  }
  if (oldText === newText) return refused('old_str and new_str are equal.');
  const replacement = adaptLineEndings(content, newText);
  const edited = content.slice(0, at) + replacement + content.slice(at + adapted.length);
  return { ok: true, content: edited, firstLine: linesOf(content, [at])[0] ?? 1, lines: countBreaks(replacement) + 1 };
}

/** Inserts after line `line` (0 = at the start, behind a byte order mark). The text becomes whole lines of its own. */
export function insertAfter(content: string, line: number, text: string): EditResult {
  const count = countLines(content);
  if (!Number.isInteger(line) || line < 0 || line > count) {
    return {
      ok: false,
      message: `Invalid \`insert_line\` parameter: ${line}. It should be within the range of lines of the file: [0, ${count}].`,
    };
  }
  const ending = isCrlf(content) ? '\r\n' : '\n';
  const added = adaptLineEndings(content, text);
  const whole = added.endsWith('\n') ? added : added + ending;
  const offset = line === 0 ? (content.startsWith(BOM) ? BOM.length : 0) : endOfLine(content, line);
  // Behind a last line without newline: the line gets one, and the inserted text takes over that it has none.
  const open = line > 0 && line === count && !content.endsWith('\n');
  const inserted = open ? ending + whole.slice(0, whole.endsWith('\r\n') ? -2 : -1) : whole;
  return {
    ok: true,
    content: content.slice(0, offset) + inserted + content.slice(offset),
    firstLine: line + 1,
    lines: countBreaks(whole),
  };
}

/** Lines `from` to `to` (1-based, inclusive) with numbers, as `cat -n` prints them. */
export function numberedLines(content: string, from: number, to: number): string[] {
  const lines = decode(content).split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.slice(from - 1, to).map((line, index) => `${String(from + index).padStart(6)}\t${line}`);
}

/** Number of lines as people count them: a last line without newline is one. */
export function countLines(content: string): number {
  return countBreaks(content) + (content === '' || content.endsWith('\n') ? 0 : 1);
}

/** UTF-8 text -> the latin1 form used here. */
export function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The latin1 form -> text; bytes that are no UTF-8 become U+FFFD, for display only. */
export function decode(content: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from(content, 'latin1'));
}

function refused(reason: string): EditResult {
  return { ok: false, message: `No replacement was performed. ${reason}` };
}

function quoted(text: string): string {
  const decoded = decode(text);
  if (decoded.length <= MAX_QUOTED_CHARACTERS) return decoded;
  return `${decoded.slice(0, MAX_QUOTED_CHARACTERS)}... (${decoded.length} characters)`;
}

/** Offsets of the first occurrences, overlapping ones included: an edit must not be ambiguous in any way. */
function occurrences(content: string, text: string): number[] {
  const found: number[] = [];
  let at = content.indexOf(text);
  while (at >= 0 && found.length < MAX_OCCURRENCES) {
    found.push(at);
    at = content.indexOf(text, at + 1);
  }
  return found;
}

function namedLines(content: string, offsets: readonly number[]): string {
  const lines = [...new Set(linesOf(content, offsets))];
  const more = lines.length > MAX_LINES_NAMED || offsets.length === MAX_OCCURRENCES ? ', ...' : '';
  return `[${lines.slice(0, MAX_LINES_NAMED).join(', ')}${more}]`;
}

/** Numbers (from 1) of the lines that hold the characters at ascending offsets. */
function linesOf(content: string, offsets: readonly number[]): number[] {
  let line = 1;
  let next = content.indexOf('\n');
  return offsets.map((offset) => {
    while (next >= 0 && next < offset) {
      line++;
      next = content.indexOf('\n', next + 1);
    }
    return line;
  });
}

/** Offset behind the newline that ends line `line` (from 1), or the end of the content. */
function endOfLine(content: string, line: number): number {
  let offset = 0;
  for (let passed = 0; passed < line; passed++) {
    const newline = content.indexOf('\n', offset);
    if (newline < 0) return content.length;
    offset = newline + 1;
  }
  return offset;
}

function countBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/** True when all lines of the content end with CR LF. */
function isCrlf(content: string): boolean {
  return content.includes('\r\n') && !/(^|[^\r])\n/.test(content);
}

/** What the model wrote, with the line endings of a file whose lines all end with CR LF; models write LF. */
function adaptLineEndings(content: string, text: string): string {
  return isCrlf(content) ? text.replaceAll(/\r?\n/g, '\r\n') : text;
}
