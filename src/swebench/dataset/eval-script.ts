/** The script that tests an instance, for rows that bring none. The sequence is that of the published scripts, so that logs look alike. */
import type { SwebenchInstance } from '../contracts.ts';
import type { TestRules } from './test-rules.ts';

export const START_MARKER = '>>>>> Start Test Output';
export const END_MARKER = '>>>>> End Test Output';

const HEREDOC = 'EOF_114329324912';
const ACTIVATE = ['source /opt/miniconda3/bin/activate', 'conda activate testbed'];

/** Files with these endings are data of tests, not tests. */
const NOT_A_TEST = /\.(json|png|csv|txt|md|jpg|jpeg|pkl|yml|yaml|toml)$/;

export function evalScript(
  row: Pick<SwebenchInstance, 'repo' | 'base_commit' | 'test_patch'>,
  rules: TestRules,
): string {
  const reset = resetCommands(row);
  return `${[
    '#!/bin/bash',
    'set -uxo pipefail',
    ...ACTIVATE,
    'cd /testbed',
    ...rules.prepare,
    'git config --global --add safe.directory /testbed',
    'cd /testbed',
    'git status',
    'git show',
    `git -c core.fileMode=false diff ${row.base_commit}`,
    ...ACTIVATE,
    ...(rules.install === '' ? [] : [rules.install]),
    ...reset,
    `git apply -v - <<'${HEREDOC}'\n${row.test_patch}\n${HEREDOC}`,
    `: '${START_MARKER}'`,
    [rules.command, ...directives(row)].join(' '),
    `: '${END_MARKER}'`,
    ...reset,
  ].join('\n')}\n`;
}

/** The same without an environment to activate: lines that build, and lines that test. */
export function plainEvalScript(
  row: Pick<SwebenchInstance, 'base_commit' | 'test_patch'>,
  { build, test }: { build: readonly string[]; test: readonly string[] },
): string {
  const commands = resetCommands(row);
  const reset = commands.length === 0 ? [] : [commands.join(' && ')];
  return `${[
    '#!/bin/bash',
    'set -uxo pipefail',
    'cd /testbed',
    'git config --global --add safe.directory /testbed',
    'git status',
    'git show',
    `git -c core.fileMode=false diff ${row.base_commit}`,
    ...reset,
    `git apply -v - <<'${HEREDOC}'\n${row.test_patch}\n${HEREDOC}`,
    ...build,
    `: '${START_MARKER}'`,
    ...test,
    `: '${END_MARKER}'`,
    ...reset,
  ].join('\n')}\n`;
}

/** Puts test files back: changed ones as in the base commit, new ones away. */
function resetCommands(row: Pick<SwebenchInstance, 'base_commit' | 'test_patch'>): string[] {
  const files = patchedFiles(row.test_patch);
  const [changed, added] = [false, true].map((isNew) => files.filter((file) => file.isNew === isNew));
  const list = (some: typeof files | undefined) => (some ?? []).map((file) => file.path).join(' ');
  return [
    ...(changed?.length ? [`git checkout ${row.base_commit} ${list(changed)}`] : []),
    ...(added?.length ? [`rm -f ${list(added)}`] : []),
  ];
}

/** Arguments for the test command: every file of the test patch that can hold tests. */
function directives(row: Pick<SwebenchInstance, 'repo' | 'test_patch'>): string[] {
  if (row.repo === 'python/mypy') return [`"${cases(row.test_patch).join(' or ')}"`];
  const paths = [...row.test_patch.matchAll(/^diff --git a\/.* b\/(.*)$/gm)].map((match) => match[1] ?? '');
  const tests = paths.filter((path) => !NOT_A_TEST.test(path));
  if (row.repo !== 'django/django') return tests;
  return tests.map((path) =>
    path
      .replace(/\.py$/, '')
      .replace(/^tests\//, '')
      .replaceAll('/', '.'),
  );
}

/** Names of mypy's tests, which are parts of data files. */
function cases(patch: string): string[] {
  return [...patch.matchAll(/\[case ([^\]]+)\]/g)].map((match) => match[1] ?? '');
}

/** Files of a diff as they are before it; what it makes, also by renaming, is new. */
export function patchedFiles(patch: string): { path: string; isNew: boolean }[] {
  const files: { path: string; isNew: boolean }[] = [];
  for (const part of patch.split(/^(?=diff --git )/m)) {
    const [, before, after] = /^diff --git a\/(.*) b\/(.*)$/m.exec(part) ?? [];
    if (before === undefined || after === undefined) continue;
    const isNew = /^--- \/dev\/null$/m.test(part) || /^new file mode /m.test(part);
    if (!isNew) files.push({ path: before, isNew });
    if (isNew || before !== after) files.push({ path: after, isNew: true });
  }
  return files;
}
