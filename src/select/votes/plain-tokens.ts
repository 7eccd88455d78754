/** Tokens of languages that have no parser here. What is not known to mean nothing counts: two patches that differ must never look equal. Pure. */

export interface Token {
  text: string;
  /** Line it begins in, from 0. */
  line: number;
}

/** Languages in which white space within a line only separates. In all others (YAML, make, shell, CSS, Markdown, ...) it may mean something, and so may what looks like a comment. */
const FREE_FORM = /\.(c|h|cc|cpp|cxx|hpp|cs|java|kts?|go|rs|dart)$/i;

/** Strings over several lines may hold anything: in a text that may have one, nothing is taken for a comment. */
const LONG_STRING = /`|"""|'''|R"[^\s()\\]{0,16}\(|r#*"|@\$?"|\$@"|#"/;

/** With what touches it: a prefix or suffix changes what a string is. */
const STRING = String.raw`[\p{L}\p{N}_]*(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')[\p{L}\p{N}_]*`;
/** Only at the start of a line or after white space, and without quotes: what looks like one in a string has the string's end behind it. */
const COMMENT = '(?<!\\S)(?://[^\\n"\'`]*(?=\\n|$)|/\\*[^"\'`]{0,2000}?\\*/)';
/** In C, blanks within a line like this may mean something. */
const DIRECTIVE = '(?<=^|\\n)[ \\t]*#[^\\n]*';
/** Signs that stand together are one: `a+ ++b` is not `a++ +b`. */
const WORD = String.raw`[\p{L}\p{N}_]+|[()[\]{},;]|[^\s\p{L}\p{N}_()[\]{},;"']+|["']`;

const WITH_COMMENTS = new RegExp(`(${COMMENT})|(\\n)|${DIRECTIVE}|${STRING}|${WORD}`, 'gu');
const WITHOUT_COMMENTS = new RegExp(`((?!))|(\\n)|${DIRECTIVE}|${STRING}|${WORD}`, 'gu');

/** Words and signs where white space is free, else whole lines. */
export function plainTokens(path: string, text: string): Token[] {
  // A line that goes on behind a backslash is another line without the blanks before it.
  return FREE_FORM.test(path) && !text.includes('\\\n') ? freeFormTokens(text) : lineTokens(text);
}

/** Every line as it is. */
export function lineTokens(text: string): Token[] {
  return text.split('\n').map((line, at) => ({ text: line, line: at }));
}

/** Ends of lines count, as they end statements in some of these languages; empty lines do not. */
function freeFormTokens(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 0;
  for (const [piece, comment, end] of text.matchAll(mayHoldLongString(text) ? WITHOUT_COMMENTS : WITH_COMMENTS)) {
    if (end !== undefined) {
      if (tokens.length > 0 && tokens.at(-1)?.text !== '\n') tokens.push({ text: '\n', line });
    } else if (comment === undefined) tokens.push({ text: piece, line });
    line += piece.split('\n').length - 1;
  }
  if (tokens.at(-1)?.text === '\n') tokens.pop();
  return tokens;
}

/** Also where a string is not closed on its line. */
function mayHoldLongString(text: string): boolean {
  return LONG_STRING.test(text) || text.split('\n').some((line) => line.split('"').length % 2 === 0);
}
