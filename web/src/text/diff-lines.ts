/** A unified diff as files of lines for display. Anything is accepted: what is no diff is shown as plain lines. */
export type DiffLineKind = 'meta' | 'hunk' | 'added' | 'removed' | 'same';

export interface DiffLine {
  kind: DiffLineKind;
  text: string;
}

export interface DiffFile {
  path: string;
  added: number;
  removed: number;
  lines: DiffLine[];
}

export function diffFiles(patch: string): DiffFile[] {
  const files: DiffFile[] = [];
  let left = 0; // lines of the hunk that are still to come, of either side
  let right = 0;
  const lines = patch.split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (const text of lines) {
    const begins = /^diff --git "?a\/(.+?)"? "?b\/(.+?)"?$/.exec(text);
    let file = files.at(-1);
    if (begins !== null || file === undefined) {
      file = { path: begins?.[2] ?? 'patch', added: 0, removed: 0, lines: [] };
      files.push(file);
      left = right = 0;
    }
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(text);
    let kind: DiffLineKind = 'meta';
    if (hunk !== null) {
      kind = 'hunk';
      left = Number(hunk[1] ?? 1);
      right = Number(hunk[2] ?? 1);
    } else if (text.startsWith('+') && right > 0) {
      kind = 'added';
      file.added++;
      right--;
    } else if (text.startsWith('-') && left > 0) {
      kind = 'removed';
      file.removed++;
      left--;
    } else if ((text.startsWith(' ') || text === '') && left > 0 && right > 0) {
      kind = 'same';
      left--;
      right--;
    }
    file.lines.push({ kind, text });
  }
  return files;
}
