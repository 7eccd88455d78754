/**
 * Globs over `/`-separated names: `*` and `?` stay within one part, `**` crosses parts, `[abc]` `[!abc]` are classes, `{a,b}` alternatives, `\` quotes.
 * Names that start with a dot are matched like others.
 */

/** True when the whole name matches. A pattern without special characters matches only itself. */
export function matchesGlob(pattern: string, name: string): boolean {
  return globToRegExp(pattern).test(name);
}

/** The glob as an anchored regular expression. Unbalanced brackets and braces stand for themselves. */
export function globToRegExp(pattern: string): RegExp {
  return new RegExp(`^(?:${translate(pattern)})$`, 'su');
}

function translate(pattern: string): string {
  let source = '';
  for (let at = 0; at < pattern.length; ) {
    const rest = pattern.slice(at);
    const special =
      starsAt(rest, at === 0 || pattern[at - 1] === '/') ?? classAt(rest) ?? bracesAt(rest) ?? quoteAt(rest);
    if (special !== undefined) {
      source += special.source;
      at += special.length;
    } else {
      const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
      source += character === '?' ? '[^/]' : literal(character);
      at += character.length;
    }
  }
  return source;
}

interface Piece {
  source: string;
  length: number;
}

/** Between slashes a double star with its slash may also stand for nothing. */
function starsAt(rest: string, atPartStart: boolean): Piece | undefined {
  if (atPartStart && rest.startsWith('**/')) return { source: '(?:[^/]+/)*', length: 3 };
  if (rest.startsWith('**')) return { source: '.*', length: 2 };
  if (rest.startsWith('*')) return { source: '[^/]*', length: 1 };
  return undefined;
}

function classAt(rest: string): Piece | undefined {
  const match = /^\[(!|\^)?(\]?[^\]/]+)\]/u.exec(rest);
  if (match?.[2] === undefined) return undefined;
  const members = match[2].replace(/[\\\][^]/g, '\\$&');
  return { source: `(?!/)[${match[1] === undefined ? '' : '^'}${members}]`, length: match[0].length };
}

function bracesAt(rest: string): Piece | undefined {
  if (!rest.startsWith('{')) return undefined;
  const parts: string[] = [];
  let depth = 0;
  let from = 1;
  for (let at = 0; at < rest.length; at++) {
    if (rest[at] === '\\') at++;
    else if (rest[at] === '{') depth++;
    else if (rest[at] === ',' && depth === 1) {
      parts.push(rest.slice(from, at));
      from = at + 1;
    } else if (rest[at] === '}' && --depth === 0) {
      parts.push(rest.slice(from, at));
      return { source: `(?:${parts.map(translate).join('|')})`, length: at + 1 };
    }
  }
  return undefined;
}

function quoteAt(rest: string): Piece | undefined {
  if (!rest.startsWith('\\') || rest.length < 2) return undefined;
  const character = String.fromCodePoint(rest.codePointAt(1) ?? 0);
  return { source: literal(character), length: 1 + character.length };
}

function literal(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}
