import { expect, test } from 'vitest';
import type { ModelMessage, Trajectory } from '../../contracts/index.ts';
import { extractFeatures, FEATURES } from './extract-features.ts';
import { issueText } from './issue-text.ts';
import { isScratchPath, isSourcePath, isTestPath, parseDiff } from './parse-diff.ts';
import { patchFeatures } from './patch-features.ts';
import { turnsOf } from './turn.ts';
import { identifiers } from './words.ts';

const user = (text: string): ModelMessage => ({ role: 'user', content: [{ type: 'text', text }] });
const call = (text: string, name: string, input: unknown): ModelMessage => ({
  role: 'assistant',
  content: [
    { type: 'text', text },
    { type: 'tool-call', id: 'c', name, input },
  ],
});
const result = (text: string, isError = false): ModelMessage => ({
  role: 'tool',
  results: [{ callId: 'c', name: 'bash', content: [{ type: 'text', text }], isError }],
});

function trajectory(messages: ModelMessage[], patch = ''): Trajectory {
  return {
    runId: 'r',
    instanceId: 'i',
    attempt: 1,
    repo: 'o/r',
    system: '',
    messages,
    patch,
    outcome: { status: 'done', steps: 1 },
    totals: null,
  };
}

const PATCH = [
  'diff --git a/pkg/matrix.py b/pkg/matrix.py',
  '--- a/pkg/matrix.py',
  '+++ b/pkg/matrix.py',
  '@@ -1,4 +1,5 @@ def stack_matrix(left, right):',
  '     result = zeros(left)',
  '-    return stack(result, 1)',
  '+    if right is None:',
  '+        return result',
  '+    return stack(result, right)',
  'diff --git a/reproduce_bug.py b/reproduce_bug.py',
  'new file mode 100644',
  '--- /dev/null',
  '+++ b/reproduce_bug.py',
  '@@ -0,0 +1 @@',
  '+print(1)',
  '',
].join('\n');

test('every documented feature is computed for some attempt, and no other', () => {
  const whole = extractFeatures(
    trajectory(
      [user('Fix `stack_matrix` in matrix.py'), call('Look.', 'bash', { command: 'ls' }), result('matrix.py')],
      PATCH,
    ),
  );
  const documented = FEATURES.map(({ name }) => name).sort();
  expect(Object.keys(whole.final).sort()).toEqual(documented);
  expect(new Set(documented).size).toBe(documented.length);
});

test('the patch is judged by its source files, beside the issue', () => {
  const values = patchFeatures(PATCH, 'stack_matrix in matrix.py ignores the right block');
  expect(values).toMatchObject({
    'patch.empty': 0,
    'patch.files': Math.log1p(1),
    'patch.added': Math.log1p(3),
    'patch.removed': Math.log1p(1),
    'patch.balance': 0.25,
    'patch.scratch-files': Math.log1p(1),
    'patch.path-in-issue': 1,
    'patch.scope-in-issue': 1,
    'patch.adds-guard': Math.log1p(1),
    'patch.adds-branch': Math.log1p(1),
    'patch.adds-return': Math.log1p(2),
    'patch.only-adds': 0,
    'patch.whitespace-only': 0,
    'patch.adds-print': 0,
  });
  // Words kept of the removed line: return stack ( result , ) of 6 + if right is None : = 6 of 12, 1 is gone.
  expect(values['patch.small-tweak']).toBeCloseTo(6 / 12, 10);
  expect(patchFeatures('', 'x')).toEqual({ 'patch.empty': 1, 'patch.no-source': 0 });
  expect(patchFeatures(PATCH.slice(PATCH.indexOf('diff --git a/repro')), 'x')).toMatchObject({ 'patch.no-source': 1 });
});

test('diffs are parsed leniently; paths are told apart', () => {
  const [source, scratch] = parseDiff(PATCH);
  expect(source?.hunks[0]).toMatchObject({
    scope: 'def stack_matrix(left, right):',
    removed: ['    return stack(result, 1)'],
  });
  expect(scratch).toMatchObject({ path: 'reproduce_bug.py', isNew: true });
  expect(parseDiff('not a diff\nat all')).toEqual([]);
  expect(['tests/a.py', 'pkg/test_a.py', 'src/a.test.ts', 'conftest.py'].every(isTestPath)).toBe(true);
  expect(['pkg/contest.py', 'src/latest.py'].some(isTestPath)).toBe(false);
  expect(isScratchPath('repro.py') && !isSourcePath('repro.py') && isSourcePath('pkg/a.py')).toBe(true);
});

test('one action has one kind, whatever the agent calls it', () => {
  const kindOf = (message: ModelMessage) =>
    turnsOf([message])[0]?.actions.map(({ kind, path }) => `${kind} ${path ?? '-'}`);
  expect(kindOf(call('', 'command', { command: 'edit 1:4\nx = 1\nend_of_edit' }))).toEqual(['edit -']);
  expect(kindOf(call('', 'bash', { command: 'cd a && python -m pytest tests/test_a.py' }))).toEqual([
    'test tests/test_a.py',
  ]);
  expect(kindOf(call('', 'bash', { command: 'python reproduce.py' }))).toEqual(['run reproduce.py']);
  expect(kindOf(call('', 'bash', { command: 'grep -rn foo .' }))).toEqual(['search -']);
  expect(kindOf(call('', 'str_replace_editor', { command: 'str_replace', path: '/r/a.py', old_str: 'a' }))).toEqual([
    'edit /r/a.py',
  ]);
  expect(kindOf(call('', 'SearchCode', { query: 'x' }))).toEqual(['search -']);
  expect(kindOf(call('', 'finish', {}))).toEqual(['submit -']);
  const text = 'search_class("A") then <file>a.py</file><original>x</original><patched>y</patched>';
  expect(kindOf({ role: 'assistant', content: [{ type: 'text', text }] })).toEqual(['search -', 'edit a.py']);
});

test('prefixes are folded turn by turn: what comes later changes nothing before', () => {
  const messages = [
    user('<issue>stack_matrix fails</issue>'),
    call('Perhaps this fails.', 'bash', { command: 'python repro.py' }),
    result('Traceback (most recent call last):\nValueError: x'),
    call('Edit.', 'str_replace_editor', { command: 'str_replace', path: 'a.py', new_str: 'stack_matrix' }),
    result('The file a.py has been edited.'),
    call('Now it works as expected.', 'bash', { command: 'python repro.py' }),
    result('fine'),
  ];
  const whole = extractFeatures(trajectory(messages, PATCH));
  const part = extractFeatures(trajectory(messages.slice(0, 5), PATCH));
  expect(whole.turns).toHaveLength(3);
  expect(whole.turns.slice(0, 2)).toEqual(part.turns);
  expect(whole.turns[0]).not.toHaveProperty(['patch.empty']);
  expect(whole.turns[0]).toMatchObject({
    'traj.last-run-error': 1,
    'traj.tracebacks': Math.log1p(1),
    'traj.first-edit': 1,
    'traj.last-hedges': Math.log1p(1),
  });
  expect(whole.final).toMatchObject({
    'traj.turns': Math.log1p(3),
    'traj.edits': Math.log1p(1),
    'traj.first-edit': 2 / 3,
    'traj.last-run-error': 0,
    'traj.ran-after-edit': 1,
    'traj.clean-after-edit': 1,
    'traj.error-then-clean': 1,
    'traj.repeats': 1 / 3,
    'traj.edited-unseen': 1,
    'traj.issue-words': 1,
    'traj.ended-done': 1,
  });
});

test('the issue is found in the frames of several agents; the first message is it otherwise', () => {
  const issueOf = (text: string) => issueText(trajectory([user(text)]));
  expect(issueOf('a <issue>b</issue> c')).toBe('b');
  expect(issueOf('x <pr_description>\nb\n</pr_description>')).toBe('b');
  expect(issueOf('text:\nISSUE:\nb\n\nINSTRUCTIONS:\nc')).toBe('b');
  expect(issueOf('just this')).toBe('just this');
  expect(issueText(trajectory([]))).toBe('');
});

test('identifiers are split and lowered, common words are none', () => {
  expect([...identifiers('self.readFile(stack_matrix)')].sort()).toEqual([
    'matrix',
    'read',
    'readfile',
    'stack',
    'stack_matrix',
  ]);
});

test('no text is too long to be read: unclosed marks, long words', () => {
  const say = (text: string): ModelMessage => ({ role: 'assistant', content: [{ type: 'text', text }] });
  expect(turnsOf([say('<file></file>'.repeat(20_000))])[0]?.actions).toEqual([]);
  expect(turnsOf([say('search_a('.repeat(20_000))])[0]?.actions).toEqual([]);
  const [edit] = turnsOf([say('<file> a.py </file>\n<original>x</original>\n<patched>y</patched>')])[0]?.actions ?? [];
  expect(edit).toMatchObject({ kind: 'edit', path: 'a.py', content: 'y' });
  const command = `echo ${'a'.repeat(200_000)} > out.txt`;
  const call: ModelMessage = {
    role: 'assistant',
    content: [{ type: 'tool-call', id: 'c', name: 'bash', input: { command } }],
  };
  expect(turnsOf([call])[0]?.actions[0]?.kind).toBe('other');
  const user: ModelMessage = { role: 'user', content: [{ type: 'text', text: '<issue>'.repeat(200_000) }] };
  expect(issueText({ messages: [user] })).toHaveLength(1_400_000);
});
