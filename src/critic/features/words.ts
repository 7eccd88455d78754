/** Words and identifiers of text and code. Pure. */

/** Too common in code to tell anything about what a text and a change have in common. */
const COMMON = new Set(
  (
    'self def class return import from None True False and the for not with this that else elif raise print value name type data args kwargs str int ' +
    'list dict set bool object func function test file line code error len range isinstance super init'
  ).split(' '),
);

/** Identifiers of three letters and more, and the parts of `snake_case` and `camelCase` ones, in lower case. */
export function identifiers(text: string): Set<string> {
  const found = new Set<string>();
  for (const [whole] of text.matchAll(/[A-Za-z_][A-Za-z0-9_]{2,}/g)) {
    for (const part of partsOf(whole)) found.add(part);
  }
  return found;
}

/** Texts repeat their words, so their parts are kept, up to so many. */
const KEPT_WORDS = 50_000;
const keptParts = new Map<string, readonly string[]>();

function partsOf(word: string): readonly string[] {
  const known = keptParts.get(word);
  if (known !== undefined) return known;
  const parts = [word, ...word.split(/_|(?<=[a-z0-9])(?=[A-Z])/)].map((part) => part.toLowerCase());
  const useful = parts.filter((part) => part.length >= 3 && !COMMON.has(part));
  if (keptParts.size < KEPT_WORDS) keptParts.set(word, useful);
  return useful;
}

/** Share of `of` that is in `within`; NaN when `of` is empty. */
export function shareIn(of: ReadonlySet<string>, within: ReadonlySet<string>): number {
  let common = 0;
  for (const word of of) if (within.has(word)) common++;
  return of.size === 0 ? Number.NaN : common / of.size;
}

export function countMatches(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length;
}
