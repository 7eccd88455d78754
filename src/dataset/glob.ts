/**
 * Globs over `/`-separated names: `*` and `?` stay within one part, `**` crosses parts, `[abc]` `[!abc]` are classes, `{a,b}` alternatives, `\` quotes.
 * Names that start with a dot are matched like others. Time grows with pattern times name, whatever the pattern: all ways are followed at once.
 */

/** True when the whole name matches. A pattern without special characters matches only itself. */
export function matchesGlob(pattern: string, name: string): boolean {
  return compileGlob(pattern)(name);
}

/** Unbalanced brackets and braces stand for themselves. */
export function compileGlob(pattern: string): (name: string) => boolean {
  const steps = parse(pattern);
  return (name) => {
    const characters = [...name];
    return follow(steps, characters, new Set([0])).has(characters.length);
  };
}

type Step =
  | { kind: 'one'; fits(character: string): boolean }
  /** Any number of characters, or of those that are no slash. */
  | { kind: 'star'; crossesParts: boolean }
  /** Any number of whole parts, each with its slash. */
  | { kind: 'parts' }
  | { kind: 'either'; alternatives: readonly (readonly Step[])[] };

/** Positions that can be reached from any of `from`. */
function follow(steps: readonly Step[], name: readonly string[], from: ReadonlySet<number>): ReadonlySet<number> {
  let positions = from;
  for (const step of steps) positions = reach(step, name, positions);
  return positions;
}

function reach(step: Step, name: readonly string[], from: ReadonlySet<number>): ReadonlySet<number> {
  if (step.kind === 'either') return new Set(step.alternatives.flatMap((steps) => [...follow(steps, name, from)]));
  const reached = new Set<number>();
  if (step.kind === 'one') {
    for (const at of from) if (at < name.length && step.fits(name[at] ?? '')) reached.add(at + 1);
    return reached;
  }
  for (const start of from) {
    for (let at = start; !reached.has(at); at++) {
      const wholeParts = at === start || name[at - 1] === '/';
      if (step.kind === 'star' || wholeParts) reached.add(at);
      if (at === name.length || (step.kind === 'star' && !step.crossesParts && name[at] === '/')) break;
    }
  }
  return reached;
}

interface Piece {
  step: Step;
  length: number;
}

function parse(pattern: string): Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < pattern.length; ) {
    const rest = pattern.slice(at);
    const piece =
      starsAt(rest, at === 0 || pattern[at - 1] === '/') ??
      classAt(rest) ??
      bracesAt(rest) ??
      quoteAt(rest) ??
      characterAt(rest);
    steps.push(piece.step);
    at += piece.length;
  }
  return steps;
}

/** Between slashes a double star with its slash may also stand for nothing. */
function starsAt(rest: string, atPartStart: boolean): Piece | undefined {
  if (atPartStart && rest.startsWith('**/')) return { step: { kind: 'parts' }, length: 3 };
  if (rest.startsWith('**')) return { step: { kind: 'star', crossesParts: true }, length: 2 };
  if (rest.startsWith('*')) return { step: { kind: 'star', crossesParts: false }, length: 1 };
  return undefined;
}

function classAt(rest: string): Piece | undefined {
  const match = /^\[(!|\^)?(\]?[^\]/]+)\]/u.exec(rest);
  if (match?.[2] === undefined) return undefined;
  const members = new RegExp(`[${match[2].replace(/[\\\][^]/g, '\\$&')}]`, 'su');
  const wanted = match[1] === undefined;
  const fits = (character: string) => character !== '/' && members.test(character) === wanted;
  return { step: { kind: 'one', fits }, length: match[0].length };
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
      return { step: { kind: 'either', alternatives: parts.map(parse) }, length: at + 1 };
    }
  }
  return undefined;
}

function quoteAt(rest: string): Piece | undefined {
  if (!rest.startsWith('\\') || rest.length < 2) return undefined;
  const { character, length } = first(rest.slice(1));
  return { step: literal(character), length: 1 + length };
}

function characterAt(rest: string): Piece {
  const { character, length } = first(rest);
  if (character === '?') return { step: { kind: 'one', fits: (given) => given !== '/' }, length };
  return { step: literal(character), length };
}

function first(text: string): { character: string; length: number } {
  const character = String.fromCodePoint(text.codePointAt(0) ?? 0);
  return { character, length: character.length };
}

function literal(character: string): Step {
  return { kind: 'one', fits: (given) => given === character };
}
