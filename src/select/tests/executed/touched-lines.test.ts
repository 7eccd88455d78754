import { expect, test } from 'vitest';
import { touchedLines } from './touched-lines.ts';

const patch = (path: string, ...hunks: string[]) =>
  [`diff --git a/${path} b/${path}`, `--- a/${path}`, `+++ b/${path}`, ...hunks, ''].join('\n');

test('removed and changed lines, and both neighbours of what is added', () => {
  const changed = patch(
    'a.py',
    '@@ -10,5 +10,6 @@\n kept\n-old\n-older\n+new\n kept\n kept\n+more\n+and more',
    '@@ -30,2 +31,1 @@\n kept\n-gone',
  );
  expect(touchedLines([changed])).toEqual(
    new Map([
      [
        'a.py',
        [
          { from: 11, to: 12 },
          { from: 14, to: 15 },
          { from: 31, to: 31 },
        ],
      ],
    ]),
  );
});

test('a hunk without old lines touches the line it names and the one after it', () => {
  expect(touchedLines([patch('a.py', '@@ -7,0 +8,1 @@\n+new')]).get('a.py')).toEqual([{ from: 7, to: 8 }]);
  expect(touchedLines([patch('a.py', '@@ -0,0 +1,1 @@\n+new')]).get('a.py')).toEqual([{ from: 1, to: 1 }]);
});

test('new files touch nothing, renamed ones by their old name, places of several patches once', () => {
  const fresh = 'diff --git a/n.py b/n.py\nnew file mode 100644\n--- /dev/null\n+++ b/n.py\n@@ -0,0 +1,1 @@\n+x\n';
  const renamed =
    'diff --git a/old.py b/new.py\nrename from old.py\nrename to new.py\n--- a/old.py\n+++ b/new.py\n@@ -2 +2 @@\n-x\n+y\n';
  const found = touchedLines([fresh, renamed, renamed, patch('b.py', '@@ -2 +2 @@\n-x\n+z')]);
  expect(found).toEqual(
    new Map([
      ['old.py', [{ from: 2, to: 2 }]],
      ['b.py', [{ from: 2, to: 2 }]],
    ]),
  );
});
