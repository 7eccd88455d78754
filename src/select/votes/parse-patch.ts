/** Unified diffs as git writes them, as far as votes need them: which file, which lines. Format: `git help diff`, "Generating patch text with -p". */

export interface PatchLine {
  kind: 'kept' | 'removed' | 'added';
  text: string;
}

export interface PatchHunk {
  /** First line of the old file that the hunk shows, from 1. */
  oldStart: number;
  lines: PatchLine[];
}

export interface FilePatch {
  /** Name after the change; of a deleted file the one before. */
  path: string;
  /** Name before; null for a new file. */
  oldPath: string | null;
  deleted: boolean;
  hunks: PatchHunk[];
  /** What is no hunk and does say something: modes, renames, binary differences. */
  other: string[];
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/;
/** Lines of the header that depend on how the patch was made, not on what it does. */
const NOISE = /^(diff --git |index |similarity index |dissimilarity index |--- |\+\+\+ |$)/;
/** Contents that the patch does not show: the blob ids of the index line are all that tells them apart. */
const BINARY = /^(Binary files .* differ|GIT binary patch)$/;

/** Lenient: text before the first file is passed over, a hunk that is cut short ends where it ends. */
export function parsePatch(patch: string): FilePatch[] {
  const files: FilePatch[] = [];
  let file: FilePatch | undefined;
  let index = '';
  let hunk: { oldLeft: number; newLeft: number; lines: PatchLine[] } | undefined;
  for (const line of patch.split('\n')) {
    if (hunk !== undefined && (hunk.oldLeft > 0 || hunk.newLeft > 0) && /^[ +-]|^$/.test(line)) {
      const kind = line[0] === '+' ? 'added' : line[0] === '-' ? 'removed' : 'kept';
      hunk.lines.push({ kind, text: line.slice(1).replace(/\r$/, '') });
      if (kind !== 'added') hunk.oldLeft--;
      if (kind !== 'removed') hunk.newLeft--;
      continue;
    }
    const header = HUNK.exec(line);
    if (line.startsWith('diff --git ') || (line.startsWith('--- ') && (file === undefined || file.hunks.length > 0))) {
      file = { path: '', oldPath: '', deleted: false, hunks: [], other: [] };
      files.push(file);
      hunk = undefined;
      index = '';
      const both = /^diff --git a\/(.+) b\/\1$/.exec(line)?.[1];
      if (both !== undefined) [file.path, file.oldPath] = [both, both];
    }
    if (file === undefined) continue;
    if (line.startsWith('index ')) index = line;
    if (BINARY.test(line)) file.other.push(index);
    if (header !== null) {
      hunk = { oldLeft: Number(header[2] ?? 1), newLeft: Number(header[3] ?? 1), lines: [] };
      file.hunks.push({ oldStart: Number(header[1]), lines: hunk.lines });
    } else readHeader(file, line);
  }
  return files.filter((one) => one.path !== '');
}

function readHeader(file: FilePatch, line: string): void {
  const [, side, name = ''] = /^(---|\+\+\+) ([^\t]+)/.exec(line) ?? [];
  if (side === '---') {
    file.oldPath = name === '/dev/null' ? null : withoutPrefix(name);
    if (file.path === '' && file.oldPath !== null) file.path = file.oldPath;
  } else if (side === '+++') {
    if (name === '/dev/null') file.deleted = true;
    else file.path = withoutPrefix(name);
  } else if (line.startsWith('new file mode')) file.oldPath = null;
  else if (line.startsWith('deleted file mode')) file.deleted = true;
  else if (line.startsWith('rename from ')) file.oldPath = line.slice('rename from '.length);
  else if (line.startsWith('rename to ')) file.path = line.slice('rename to '.length);
  if (!NOISE.test(line) && !line.startsWith('\\')) file.other.push(line);
}

function withoutPrefix(name: string): string {
  return name.replace(/^"?[ab]\//, '').replace(/"$/, '');
}

/** The file after the change; null when the hunks do not fit this text to the letter. */
export function patchedText(base: string, { hunks }: FilePatch): string | null {
  const old = base.split('\n');
  const out: string[] = [];
  let at = 0;
  for (const { oldStart, lines } of hunks) {
    const shown = lines.filter((line) => line.kind !== 'added');
    const start = shown.length === 0 ? oldStart : oldStart - 1; // a hunk without old lines names the line before it
    if (start < at) return null;
    out.push(...old.slice(at, start));
    at = start;
    for (const { kind, text } of lines) {
      if (kind === 'added') out.push(text);
      else if (old[at]?.replace(/\r$/, '') !== text) return null;
      else if (kind === 'kept') out.push(old[at++] ?? '');
      else at++;
    }
  }
  return [...out, ...old.slice(at)].join('\n');
}
