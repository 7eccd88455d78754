import { expect, it } from 'vitest';
import { diffFiles } from './diff-lines.ts';

it('counts the lines of each file by the numbers of the hunks', () => {
  const patch = [
    'diff --git a/x.sql b/x.sql',
    '--- a/x.sql',
    '+++ b/x.sql',
    '@@ -1,2 +1,2 @@',
    '--- an old comment',
    '+++ a new one',
    ' same',
    'diff --git a/b.txt b/b.txt',
    'new file mode 100644',
    '@@ -0,0 +1 @@',
    '+one',
    '',
  ].join('\n');
  expect(diffFiles(patch).map(({ path, added, removed }) => ({ path, added, removed }))).toEqual([
    { path: 'x.sql', added: 1, removed: 1 },
    { path: 'b.txt', added: 1, removed: 0 },
  ]);
  expect(diffFiles(patch)[0]?.lines.map((line) => line.kind)).toEqual([
    'meta',
    'meta',
    'meta',
    'hunk',
    'removed',
    'added',
    'same',
  ]);
});

it('shows what is no diff as it is', () => {
  expect(diffFiles('hello\n')).toEqual([
    { path: 'patch', added: 0, removed: 0, lines: [{ kind: 'meta', text: 'hello' }] },
  ]);
});
