/**
 * The text side of the edit tool, pure. Text is handled as latin1 of the file's bytes, so that everything outside the edit stays byte for byte as it is: line
 * endings, tabs, a byte order mark, a missing last newline, bytes that are no valid UTF-8.
 */

export type EditResult =
  | { ok: true; content: string; firstLine: number; lines: number }
  | { ok: false; message: string };

/** Number of the line (from 1) that holds the character at `offset`; a line ends with `\n`. */
function lineAt(content: string, offset: number): number {
  let line = 1;
  for (let at = content.indexOf('\n'); at >= 0 && at < offset; at = content.indexOf('\n', at + 1)) line++;
  return line;
}

/** Offsets of all occurrences, overlapping ones included: an edit must not be ambiguous in any way. */
function occurrences(content: string, text: string): number[] {
  const found: number[] = [];
  for (let at = content.indexOf(text); at >= 0; at = content.indexOf(text, at + 1)) found.push(at);
  return found;
}

/** The file's line ending when all its lines agree on `\r\n`; models write `\n`. */
function adaptLineEndings(content: string, text: string): string {
  if (!content.includes('\r\n') || /(^|[^\r])\n/.test(content) || text.includes('\r\n')) return text;
  return text.replaceAll('\n', '\r\n');
}

/** Replaces the one occurrence of `oldText`. None or several are errors that say what to do. */
export function replaceOnce(content: string, oldText: string, newText: string, path: string): EditResult {
  if (oldText === '')
    return { ok: false, message: 'No replacement was performed. `old_str` is empty; use `insert` to add text.' };
  const adapted = adaptLineEndings(content, oldText);
  const found = occurrences(content, adapted);
  const at = found[0];
  if (at === undefined) {
    return {
      ok: false,
      message: `No replacement was performed, old_str \`${decode(oldText)}\` did not appear verbatim in ${path}.${whitespaceHint(content, adapted)}`,
    };
  }
  if (found.length > 1) {
    const lines = [...new Set(found.map((offset) => lineAt(content, offset)))];
    return {
      ok: false,
      message: `No replacement was performed. Multiple occurrences of old_str \`${decode(oldText)}\` in lines [${lines.join(', ')}]. Please ensure it is unique, for example with more lines around it.`,
    };
  }
  if (oldText === newText)
    return { ok: false, message: 'No replacement was performed: old_str and new_str are equal.' };
  const replacement = adaptLineEndings(content, newText);
  const edited = content.slice(0, at) + replacement + content.slice(at + adapted.length);
  return { ok: true, content: edited, firstLine: lineAt(content, at), lines: replacement.split('\n').length };
}

/** Inserts after line `line` (0 = at the start). The text becomes whole lines of its own. */
export function insertAfter(content: string, line: number, text: string): EditResult {
  const starts = lineStarts(content);
  const count = content === '' ? 0 : content.endsWith('\n') ? starts.length - 1 : starts.length;
  if (!Number.isInteger(line) || line < 0 || line > count) {
    return {
      ok: false,
      message: `Invalid \`insert_line\` parameter: ${line}. It should be within the range of lines of the file: [0, ${count}].`,
    };
  }
  const ending = content.includes('\r\n') && !/(^|[^\r])\n/.test(content) ? '\r\n' : '\n';
  let added = adaptLineEndings(content, text);
  const atEnd = line === count;
  const offset = atEnd ? content.length : (starts[line] ?? content.length);
  const needsBreakBefore = atEnd && content !== '' && !content.endsWith('\n');
  if (needsBreakBefore) added = ending + (added.endsWith('\n') ? added.slice(0, -ending.length) : added);
  else if (!added.endsWith('\n')) added += ending;
  const edited = content.slice(0, offset) + added + content.slice(offset);
  return {
    ok: true,
    content: edited,
    firstLine: line + 1,
    lines: added.split('\n').length - (needsBreakBefore ? 0 : 1),
  };
}

function lineStarts(content: string): number[] {
  const starts = [0];
  for (let at = content.indexOf('\n'); at >= 0; at = content.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** The usual reason for a miss, when it is that. */
function whitespaceHint(content: string, text: string): string {
  const squeeze = (value: string) => value.replace(/[ \t\r\n]+/g, ' ').trim();
  const squeezed = squeeze(text);
  return squeezed !== '' && squeeze(content).includes(squeezed)
    ? ' The same text with other white space is there: check indentation, tabs and line breaks.'
    : '';
}

/** Lines `from` to `to` (1-based, inclusive) with numbers, as `cat -n` prints them. */
export function numberedLines(content: string, from: number, to: number): string {
  const lines = decode(content).split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines
    .slice(from - 1, to)
    .map((line, index) => `${String(from + index).padStart(6)}\t${line}`)
    .join('\n');
}

/** Number of lines as people count them. */
export function countLines(content: string): number {
  if (content === '') return 0;
  return content.split('\n').length - (content.endsWith('\n') ? 1 : 0);
}

/** UTF-8 text -> the latin1 form used here. */
export function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The latin1 form -> text; bytes that are no UTF-8 become U+FFFD, for display only. */
export function decode(content: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from(content, 'latin1'));
}
