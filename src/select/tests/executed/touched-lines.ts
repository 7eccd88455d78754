/** Which lines of the untouched repository patches change. Pure. */
import { type PatchHunk, parsePatch } from '../../votes/parse-patch.ts';

/** Lines from 1, both ends included. */
export interface Span {
  from: number;
  to: number;
}

/** By path before the change. What is added between two lines touches both; new files touch nothing. Each place once, also when several patches change it. */
export function touchedLines(patches: readonly string[]): Map<string, Span[]> {
  const touched = new Map<string, Map<string, Span>>();
  for (const { oldPath, hunks } of patches.flatMap(parsePatch)) {
    if (oldPath === null) continue;
    const spans = touched.get(oldPath) ?? new Map<string, Span>();
    touched.set(oldPath, spans);
    for (const span of hunks.flatMap(spansOf)) spans.set(`${span.from} ${span.to}`, span);
  }
  return new Map([...touched].map(([path, spans]) => [path, [...spans.values()]]));
}

/** One span per run of changed lines. */
function spansOf({ oldStart, lines }: PatchHunk): Span[] {
  const spans: Span[] = [];
  // A hunk without old lines names the line before it.
  let next = lines.every(({ kind }) => kind === 'added') ? oldStart + 1 : oldStart;
  let open: { first: number; removed: boolean } | null = null;
  const close = () => {
    if (open !== null)
      spans.push(open.removed ? { from: open.first, to: next - 1 } : { from: Math.max(1, next - 1), to: next });
    open = null;
  };
  for (const { kind } of lines) {
    if (kind === 'kept') {
      close();
      next++;
    } else {
      open ??= { first: next, removed: false };
      if (kind === 'removed') {
        open.removed = true;
        next++;
      }
    }
  }
  close();
  return spans;
}
