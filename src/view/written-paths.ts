/** Files that a shell command writes, as far as its text tells: what it is redirected to, `tee`, `sed -i`, and what a script in it opens for writing. A guess for finding one's way, not a record. */

const MAX_COMMAND = 20_000;
const WORD = String.raw`(?:"([^"\n]+)"|'([^'\n]+)'|([^\s;|&<>()'"\x60$]+))`;
const REDIRECTED = new RegExp(String.raw`(?<![<>=-])>>?\|?\s*${WORD}`, 'g');
const TEED = new RegExp(String.raw`\btee\s+(?:-a\s+|--append\s+)?${WORD}`, 'g');
const SCRIPTED = [
  /\bopen\(\s*(['"])(?<path>[^'"\n]+)\1\s*,\s*(?:mode\s*=\s*)?['"][wax]/g,
  /\bPath\(\s*(['"])(?<path>[^'"\n]+)\1\s*\)\.write_(?:text|bytes)\b/g,
  /\bwriteFile(?:Sync)?\(\s*(['"])(?<path>[^'"\n]+)\1/g,
];
const QUOTED = /'[^']*'|"(?:[^"\\]|\\.)*"/g;
const HERE_DOCUMENT = /<<-?\s*(['"]?)([A-Za-z_]\w*)\1/;

/** In no particular order, each once; none for devices. */
export function writtenPaths(command: string): string[] {
  const text = command.slice(0, MAX_COMMAND);
  const lines = withoutHereDocuments(text).replaceAll(QUOTED, (quoted) => quoted.replaceAll('>', ' '));
  const words = [...lines.matchAll(REDIRECTED), ...lines.matchAll(TEED)].map(wordOf);
  const scripted = SCRIPTED.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match.groups?.path));
  const paths = [...words, ...edited(lines), ...scripted].filter((path) => path !== undefined);
  return [...new Set(paths)].filter(looksLikeFile);
}

/** Not a device, and no mere word, as stands behind `>` in scripts: it has a dot or a slash, or is called like a Makefile. */
function looksLikeFile(path: string): boolean {
  return !path.startsWith('/dev/') && /^[\w./~]/.test(path) && /[A-Za-z]/.test(path) && /[./]|^[A-Z]\w+$/.test(path);
}

/** Bodies of here-documents are data; the line that begins one is command. */
function withoutHereDocuments(text: string): string {
  let end: string | undefined;
  const kept = text.split('\n').filter((line) => {
    if (end !== undefined) {
      if (line.trim() === end) end = undefined;
      return false;
    }
    end = HERE_DOCUMENT.exec(line)?.[2];
    return true;
  });
  return kept.join('\n');
}

/** What stands behind `sed -i` outside of quotes and looks like a path; its script is quoted, or looks like one. */
function edited(lines: string): string[] {
  const bare = lines.replaceAll(QUOTED, "''");
  return [...bare.matchAll(/\bsed\s([^\n;|&]*)/g)].flatMap(([, behind = '']) => {
    const words = behind.split(/\s+/);
    if (!words.some((word) => /^-[a-zA-Z]*i|^--in-place/.test(word))) return [];
    return words.filter((word) => /^[^-'<>$][^'<>$]*$/.test(word) && !/^s([/|#,]).*\1/.test(word));
  });
}

function wordOf(match: RegExpMatchArray): string | undefined {
  return match.slice(-3).find((part) => part !== undefined);
}
