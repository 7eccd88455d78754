/**
 * A string as one line of bash source (ANSI-C quoting, `$'...'`), whatever it contains but NUL: newlines, quotes and control characters are
 * escaped, so the line is complete for the parser even when the text inside is an unterminated quote or here-document.
 */
export function bashQuote(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to be escaped
  const escaped = text.replace(/[\\'\u0001-\u001f\u007f]/g, (character) => {
    if (character === '\\') return '\\\\';
    if (character === "'") return "\\'";
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `$'${escaped}'`;
}
