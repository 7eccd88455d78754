/**
 * What a patch votes with: a key that is equal for patches that do the same, whatever their comments and formatting. With the base files at hand whole syntax trees are
 * compared; without them the tokens of each hunk, at the place in the base where the change begins.
 */
import { sha256 } from '../../base/digest.ts';
import { type FilePatch, type PatchHunk, type PatchLine, parsePatch, patchedText } from './parse-patch.ts';
import { sourceTokens } from './source-tokens.ts';
import { syntaxKey } from './syntax-key.ts';

/** Text of a file of the base state; undefined when it is not known. */
export type BaseText = (path: string) => string | undefined;

/** Longer patches add data or vendored code, and are compared as they are. */
const MAX_COMPARED = 2 * 1024 ** 2;

/** Null for a patch that is empty, or changes nothing but comments and formatting: it has no vote. */
export function patchVote(patch: string, base: BaseText = () => undefined): string | null {
  if (patch.length > MAX_COMPARED) return sha256(patch);
  const changes = parsePatch(patch)
    .map((file) => ({ path: file.path, change: changeOf(file, base) }))
    .filter(({ change }) => change.length > 0)
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  return changes.length === 0 ? null : sha256(JSON.stringify(changes));
}

function changeOf(file: FilePatch, base: BaseText): readonly unknown[] {
  if (file.deleted) return ['deleted'];
  const renamed = file.oldPath !== null && file.oldPath !== file.path ? [file.oldPath] : [];
  return [...renamed, ...file.other, ...contentChange(file, base)];
}

function contentChange(file: FilePatch, base: BaseText): readonly unknown[] {
  const before = file.oldPath === null ? '' : base(file.oldPath);
  const after = before === undefined ? null : patchedText(before, file);
  if (before === undefined || after === null) return file.hunks.flatMap((hunk) => hunkChange(file.path, hunk));
  const key = syntaxKey(file.path, after);
  // An empty new file is a change all the same.
  return key === syntaxKey(file.path, before) && file.oldPath !== null ? [] : [key];
}

/** What is left of the two sides of a hunk without their common beginning and end. */
function hunkChange(path: string, { oldStart, lines }: PatchHunk): readonly unknown[] {
  const [before, after] = [side(path, lines, 'removed'), side(path, lines, 'added')];
  let start = 0;
  while (start < before.length && start < after.length && before[start]?.text === after[start]?.text) start++;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end)?.text === after.at(-1 - end)?.text) end++;
  const removed = before.slice(start, before.length - end).map((token) => token.text);
  const added = after.slice(start, after.length - end).map((token) => token.text);
  if (removed.length + added.length === 0) return [];
  const anchor = before[start - 1];
  return [{ after: anchor === undefined ? null : oldStart + anchor.line, removed, added }];
}

function side(path: string, lines: readonly PatchLine[], kind: PatchLine['kind']) {
  const shown = lines.filter((line) => line.kind === 'kept' || line.kind === kind);
  return sourceTokens(path, shown.map((line) => line.text).join('\n'));
}
