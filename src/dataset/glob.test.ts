import { expect, test } from 'vitest';
import { matchesGlob } from './glob.ts';
import { patchPaths } from './patch-paths.ts';

test.each([
  ['*.js', 'a.js', true],
  ['*.js', 'lib/a.js', false],
  ['**/*.js', 'a.js', true],
  ['**/*.js', 'x/y/a.js', true],
  ['lib/**', 'lib/x/y', true],
  ['lib/**', 'library/x', false],
  ['lib/**/a', 'lib/a', true],
  ['a?c', 'a/c', false],
  ['a?c', 'aüc', true],
  ['[a-c]x', 'bx', true],
  ['[!a-c]x', 'bx', false],
  ['[!a]b', '/b', false],
  ['{src,lib}/{a,b*}.ts', 'lib/bcd.ts', true],
  ['{src,lib}/a.ts', 'test/a.ts', false],
  ['a{b', 'a{b', true],
  ['a.b', 'axb', false],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['*', '', true],
  ['$^(|)+', '$^(|)+', true],
  [`${'*'.repeat(40)}z`, 'a'.repeat(200), false],
  [`${'*a'.repeat(40)}z`, 'a'.repeat(200), false],
  [`${'**/'.repeat(40)}z`, 'a/'.repeat(200), false],
  ['**/', 'a/b', false],
  ['**', 'a/b/', true],
  ['x**y', 'xa/by', true],
])('%s on %s: %s', (pattern, name, expected) => {
  expect(matchesGlob(pattern, name)).toBe(expected);
});

test('paths of a patch', () => {
  const patch = [
    'diff --git a/a b.txt b/a b.txt',
    '--- a/a b.txt\t',
    '+++ b/a b.txt\t',
    '@@ -1 +1 @@',
    '--- a/not-a-header',
    '+++ b/not-a-header',
    'diff --git a/old.js b/new.js',
    'similarity index 100%',
    'rename from old.js',
    'rename to new.js',
    'diff --git "a/t\\303\\274r" "b/t\\303\\274r"',
    'new file mode 100644',
    '--- /dev/null',
    '+++ "b/t\\303\\274r"',
    'diff --git a/run.sh b/run.sh',
    'old mode 100644',
    'new mode 100755',
  ].join('\n');
  expect(patchPaths(patch)).toEqual(['a b.txt', 'new.js', 'old.js', 'run.sh', 'tür']);
});
