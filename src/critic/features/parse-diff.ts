/** A unified diff in parts, as lenient as features need it. Pure; never throws. */

export interface DiffFile {
  path: string;
  isNew: boolean;
  isDeleted: boolean;
  hunks: DiffHunk[];
}

export interface DiffHunk {
  /** What stands after the second `@@`: usually the function or class around. */
  scope: string;
  added: string[];
  removed: string[];
  context: string[];
}

export function parseDiff(patch: string): DiffFile[] {
  const files: DiffFile[] = [];
  let file: DiffFile | undefined;
  let hunk: DiffHunk | undefined;
  for (const line of patch.split('\n')) {
    const header = /^diff --git a\/(.*?) b\/(.*)$/.exec(line);
    if (header !== null || (hunk === undefined && line.startsWith('--- ') && file === undefined)) {
      file = { path: header?.[2] ?? line.slice(4).replace(/^a\//, ''), isNew: false, isDeleted: false, hunks: [] };
      files.push(file);
      hunk = undefined;
    } else if (line.startsWith('@@') && file !== undefined) {
      hunk = { scope: /^@@.*?@@ ?(.*)$/.exec(line)?.[1] ?? '', added: [], removed: [], context: [] };
      file.hunks.push(hunk);
    } else if (hunk !== undefined) {
      if (line.startsWith('+')) hunk.added.push(line.slice(1));
      else if (line.startsWith('-')) hunk.removed.push(line.slice(1));
      else if (line.startsWith(' ')) hunk.context.push(line.slice(1));
    } else if (file !== undefined) {
      if (line.startsWith('new file')) file.isNew = true;
      if (line.startsWith('deleted file')) file.isDeleted = true;
    }
  }
  return files;
}

/** Test files and the scripts that agents write to reproduce a bug. */
export function isTestPath(path: string): boolean {
  return /(^|\/)(tests?|testing|__tests__|spec)\/|(^|\/)(test_[^/]*|[^/]*_tests?\.\w+|conftest\.py|[^/]*\.(test|spec)\.\w+)$/.test(
    path,
  );
}

export function isScratchPath(path: string): boolean {
  return /(^|\/)(repro\w*|reproduce\w*|debug\w*|demo\w*|verify\w*|check_\w*|example\w*|tmp\w*|bug\w*|issue\w*)\.\w+$/i.test(
    path,
  );
}

export function isSourcePath(path: string): boolean {
  return (
    /\.(py|pyx|js|jsx|mjs|cjs|ts|tsx|c|h|cc|cpp|hpp|go|rs|java|kt|rb|php|cs|swift|scala)$/.test(path) &&
    !isTestPath(path) &&
    !isScratchPath(path)
  );
}
