/** Which files a git patch touches, read from its headers (the extended diff format of `git help diff`), without applying it. */

/** Paths relative to the repository, sorted; old and new name of a rename both count. Quoted names are unquoted. */
export function patchPaths(patch: string): string[] {
  const paths = new Set<string>();
  let inHeader = false;
  for (const line of patch.split('\n')) {
    if (line.startsWith('diff --git ')) {
      inHeader = true;
      // Equal names on both sides is the one case this line decides; all others have a header line of their own below.
      const match = /^diff --git (?:a\/(.+) b\/\1|"a\/(.+)" "b\/\2")$/.exec(line);
      const name = match?.[1] ?? (match?.[2] === undefined ? undefined : unquote(match[2]));
      if (name !== undefined) paths.add(name);
    } else if (line.startsWith('@@') || line === 'GIT binary patch') inHeader = false;
    else if (inHeader) {
      const name = headerName(line);
      if (name !== null) paths.add(name);
    }
  }
  return [...paths].sort();
}

function headerName(line: string): string | null {
  const renamed = /^(?:rename|copy) (?:from|to) (.+)$/.exec(line)?.[1];
  if (renamed !== undefined) return renamed.startsWith('"') ? unquote(renamed.slice(1, -1)) : renamed;
  const match = /^(?:---|\+\+\+) (?:[ab]\/([^\t]+)|"[ab]\/(.+)")\t?$/.exec(line);
  if (match?.[1] !== undefined) return match[1];
  return match?.[2] === undefined ? null : unquote(match[2]);
}

/** Git's C-style quoting: octal bytes and the usual letters. */
function unquote(text: string): string {
  const letters: Record<string, number> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };
  const bytes: Buffer[] = [];
  for (const [piece, octal, letter] of text.matchAll(/\\([0-7]{3})|\\([\s\S])|[^\\]+/g)) {
    if (octal !== undefined) bytes.push(Buffer.from([Number.parseInt(octal, 8)]));
    else if (letter !== undefined) {
      const code = letters[letter];
      bytes.push(code === undefined ? Buffer.from(letter) : Buffer.from([code]));
    } else bytes.push(Buffer.from(piece));
  }
  return Buffer.concat(bytes).toString();
}
