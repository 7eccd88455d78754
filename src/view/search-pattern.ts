/** What a search looks for: a piece of text, whatever the case of its letters. */

const EXCERPT_BEFORE = 80;
const EXCERPT_AFTER = 200;

export interface SearchPattern {
  /** True for every block of lines of a log that may hold the text or refer to a blob that may; nothing else is read further. */
  mayHold(block: Buffer): boolean;
  /** The piece of `text` around the first place that matches; null when none does. */
  excerpt(text: string): string | null;
  /** Bytes that a match may take in UTF-8: windows on a long text overlap by as many. */
  bytes: number;
}

/** `text` is taken literally. */
export function searchPattern(text: string): SearchPattern {
  const plain = new RegExp(escaped(text), 'iu');
  const inJson = JSON.stringify(text).slice(1, -1);
  // ASCII looks the same in every byte of UTF-8, and reading bytes as Latin-1 costs next to nothing.
  const encoding = /^[\x20-\x7e]*$/.test(inJson) ? 'latin1' : 'utf8';
  const inLog = new RegExp(`${escaped(inJson)}|"\\$blob"`, encoding === 'utf8' ? 'iu' : 'i');
  return {
    mayHold: (block) => inLog.test(block.toString(encoding)),
    excerpt(whole) {
      const at = whole.search(plain);
      if (at < 0) return null;
      const from = Math.max(0, at - EXCERPT_BEFORE);
      const to = at + text.length + EXCERPT_AFTER;
      return `${from > 0 ? '…' : ''}${whole.slice(from, to)}${to < whole.length ? '…' : ''}`;
    },
    bytes: 4 * text.length,
  };
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
