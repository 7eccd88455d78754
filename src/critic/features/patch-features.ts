/** What the patch looks like, alone and beside the issue. Pure. */
import { type FeatureDefinition, type FeatureValues, logCount } from './feature.ts';
import { type DiffFile, isScratchPath, isSourcePath, isTestPath, parseDiff } from './parse-diff.ts';
import { countMatches, identifiers, shareIn } from './words.ts';

const HELP = {
  'patch.empty': '1 when nothing was changed',
  'patch.no-source': '1 when something was changed, but no source file',
  'patch.files': 'log of the source files changed',
  'patch.hunks': 'log of the hunks in source files',
  'patch.added': 'log of the lines added to source files',
  'patch.removed': 'log of the lines removed from source files',
  'patch.balance': 'removed lines over all changed lines of source files',
  'patch.longest-hunk': 'log of the changed lines of the largest hunk',
  'patch.test-files': 'log of the test files touched',
  'patch.scratch-files': 'log of the left-over scripts (reproduce.py and the like)',
  'patch.new-source-files': 'log of the new source files',
  'patch.small-tweak': "largest share of a removed line's words that its added neighbour keeps, averaged",
  'patch.novel-words': 'share of the added identifiers that are neither in the issue nor in the code around',
  'patch.issue-words': 'share of the added identifiers that the issue mentions',
  'patch.removed-issue-words': 'share of the removed identifiers that the issue mentions',
  'patch.path-in-issue': 'share of the changed source files whose name the issue mentions',
  'patch.scope-in-issue': 'share of the hunks whose surrounding function or class the issue mentions',
  'patch.adds-guard': 'log of the added conditions on None, types, attributes or emptiness',
  'patch.adds-branch': 'log of the added if, elif, else',
  'patch.adds-try': 'log of the added try and except',
  'patch.adds-raise': 'log of the added raise and assert',
  'patch.adds-return': 'log of the added return and yield',
  'patch.adds-def': 'log of the added functions and classes',
  'patch.adds-import': 'log of the added imports',
  'patch.adds-print': 'log of the added prints and debugging calls',
  'patch.adds-comment': 'comment lines over added lines',
  'patch.adds-placeholder': '1 when it adds a TODO, a stub or an ellipsis in place of code',
  'patch.changes-signature': '1 when a def line is removed and one with the same name added',
  'patch.only-adds': '1 when no line of a source file is removed',
  'patch.whitespace-only': '1 when only white space, comments or text change',
  'patch.duplicate-lines': 'share of the added lines that stand in the code around already',
  'patch.indent': 'mean indent of added code, in characters',
  'patch.brackets': 'brackets that the added lines leave open, beyond those of the removed lines',
  'patch.depth': 'folders of the changed source file, averaged',
  'patch.literals': 'log of the string and number literals among the added words',
  'patch.line-length': 'log of the longest added line',
} as const;

export const PATCH_FEATURES: readonly FeatureDefinition[] = Object.entries(HELP).map(([name, help]) => ({
  name,
  group: 'patch',
  help,
}));

/** Only `patch.empty` (and `patch.no-source`) have values for a patch that changes no source. */
export function patchFeatures(patch: string, issue: string): FeatureValues {
  if (patch.trim() === '') return { 'patch.empty': 1, 'patch.no-source': 0 };
  const files = parseDiff(patch);
  const sources = files.filter(({ path }) => isSourcePath(path));
  const values: FeatureValues = {
    'patch.empty': 0,
    'patch.no-source': Number(sources.length === 0),
    'patch.test-files': logCount(files.filter(({ path }) => isTestPath(path)).length),
    'patch.scratch-files': logCount(files.filter(({ path, isNew }) => isNew && isScratchPath(path)).length),
  };
  return sources.length === 0
    ? values
    : { ...values, ...shapeOf(sources), ...contentOf(sources), ...besideIssue(sources, issue) };
}

function shapeOf(files: readonly DiffFile[]): FeatureValues {
  const hunks = files.flatMap((file) => file.hunks);
  const added = total(hunks.map((hunk) => hunk.added.length));
  const removed = total(hunks.map((hunk) => hunk.removed.length));
  return {
    'patch.files': logCount(files.length),
    'patch.hunks': logCount(hunks.length),
    'patch.added': logCount(added),
    'patch.removed': logCount(removed),
    'patch.balance': added + removed === 0 ? Number.NaN : removed / (added + removed),
    'patch.longest-hunk': logCount(Math.max(0, ...hunks.map((hunk) => hunk.added.length + hunk.removed.length))),
    'patch.new-source-files': logCount(files.filter(({ isNew }) => isNew).length),
    'patch.only-adds': Number(removed === 0),
    'patch.depth': average(files.map(({ path }) => path.split('/').length)),
  };
}

function contentOf(files: readonly DiffFile[]): FeatureValues {
  const hunks = files.flatMap((file) => file.hunks);
  const added = hunks.flatMap((hunk) => hunk.added);
  const removed = hunks.flatMap((hunk) => hunk.removed);
  const around = new Set(hunks.flatMap((hunk) => [...hunk.context, ...hunk.removed]).map((line) => line.trim()));
  const text = added.join('\n');
  const solid = added.filter((line) => line.trim() !== '');
  const comments = solid.filter((line) => /^\s*(#|\/\/|\/?\*|""")/.test(line));
  return {
    'patch.small-tweak': average(
      hunks.filter((hunk) => hunk.removed.length > 0).map((hunk) => likeness(hunk.removed, hunk.added)),
    ),
    'patch.adds-guard': logCount(
      countMatches(
        text,
        /\bis (not )?None\b|\bisinstance\(|\bhasattr\(|\bgetattr\(|\bif not \w+:|\bcallable\(|=== ?(null|undefined)/g,
      ),
    ),
    'patch.adds-branch': logCount(countMatches(text, /^\s*(if|elif|else|} else)\b/gm)),
    'patch.adds-try': logCount(countMatches(text, /^\s*(try|except|catch|finally)\b/gm)),
    'patch.adds-raise': logCount(countMatches(text, /^\s*(raise|assert|throw)\b/gm)),
    'patch.adds-return': logCount(countMatches(text, /^\s*(return|yield)\b/gm)),
    'patch.adds-def': logCount(countMatches(text, /^\s*(async )?(def|class|function)\b/gm)),
    'patch.adds-import': logCount(countMatches(text, /^\s*(import|from \S+ import)\b/gm)),
    'patch.adds-print': logCount(countMatches(text, /\b(print|console\.log|pdb\.set_trace|breakpoint)\(/g)),
    'patch.adds-comment': solid.length === 0 ? Number.NaN : comments.length / solid.length,
    'patch.adds-placeholder': Number(
      /\b(TODO|FIXME|placeholder|your code|rest of (the )?(code|method|function)|existing code)\b|^\s*(pass|\.\.\.)\s*(#.*)?$/im.test(
        text,
      ),
    ),
    'patch.changes-signature': Number(signatures(removed).some((name) => signatures(added).includes(name))),
    'patch.whitespace-only': Number(bareCode(added) === bareCode(removed)),
    'patch.duplicate-lines': average(solid.map((line) => Number(around.has(line.trim())))),
    'patch.indent': average(solid.map((line) => /^\s*/.exec(line)?.[0].length ?? 0)),
    'patch.brackets': Math.abs(openBrackets(text) - openBrackets(removed.join('\n'))),
    'patch.literals': logCount(countMatches(text, /(["'])(?:(?!\1).)*\1|\b\d+(\.\d+)?\b/g)),
    'patch.line-length': logCount(Math.max(0, ...added.map((line) => line.length))),
  };
}

function besideIssue(files: readonly DiffFile[], issue: string): FeatureValues {
  const hunks = files.flatMap((file) => file.hunks);
  const words = identifiers(issue);
  const lower = issue.toLowerCase();
  const added = identifiers(hunks.flatMap((hunk) => hunk.added).join('\n'));
  const old = identifiers(hunks.flatMap((hunk) => [...hunk.removed, ...hunk.context, hunk.scope]).join('\n'));
  const novel = new Set([...added].filter((word) => !old.has(word)));
  const removed = identifiers(hunks.flatMap((hunk) => hunk.removed).join('\n'));
  return {
    'patch.novel-words':
      added.size === 0 ? Number.NaN : [...novel].filter((word) => !words.has(word)).length / added.size,
    'patch.issue-words': shareIn(novel.size > 0 ? novel : added, words),
    'patch.removed-issue-words': shareIn(removed, words),
    'patch.path-in-issue': average(files.map(({ path }) => Number(mentionsPath(lower, path.toLowerCase())))),
    'patch.scope-in-issue': average(hunks.map(({ scope }) => Number(mentionsScope(words, scope)))),
  };
}

/** The path, its file name, or its module name as a word of its own. */
function mentionsPath(issue: string, path: string): boolean {
  const file = path.split('/').at(-1) ?? path;
  const stem = file.replace(/\.\w+$/, '');
  return (
    issue.includes(path) ||
    issue.includes(file) ||
    (stem.length > 3 && new RegExp(`\\b${escaped(stem)}\\b`).test(issue))
  );
}

function mentionsScope(words: ReadonlySet<string>, scope: string): boolean {
  const name = /\b(?:def|class|function)\s+(\w+)/.exec(scope)?.[1]?.toLowerCase();
  return name !== undefined && words.has(name);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function signatures(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /^\s*(?:async )?def (\w+)/.exec(line)?.[1] ?? []);
}

/** Jaccard index of the words of removed and added lines. */
function likeness(removed: readonly string[], added: readonly string[]): number {
  const [a, b] = [
    new Set(removed.join(' ').match(/\w+|[^\s\w]/g) ?? []),
    new Set(added.join(' ').match(/\w+|[^\s\w]/g) ?? []),
  ];
  const common = [...a].filter((word) => b.has(word)).length;
  return common / Math.max(1, a.size + b.size - common);
}

function bareCode(lines: readonly string[]): string {
  return lines.map((line) => line.replace(/#.*$/, '').replaceAll(/\s/g, '')).join('');
}

function openBrackets(text: string): number {
  return countMatches(text, /[([{]/g) - countMatches(text, /[)\]}]/g);
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** NaN for none. */
function average(values: readonly number[]): number {
  return total(values) / values.length;
}
