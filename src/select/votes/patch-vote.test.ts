import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { patchVote } from './patch-vote.ts';

const PYTHON = `import os


def total(values):
    """Adds them up."""
    result = 0
    for value in values:
        result += abs(value)
    return result


def count(values):
    return len(values)
`;
const SCRIPT = `import { log } from './log.js';

export function total(values) {
  let result = 0;
  for (const value of values) result += Math.abs(value);
  return result;
}

export function count(values) {
  return values.length;
}
`;
const GO = 'package a\n\nfunc Total(v []int) int {\n\treturn 0\n}\n';
/** Files of one line or a few that the cases below change. */
const SMALL: Readonly<Record<string, string>> = {
  'c.yaml': 'a:\n  b: 1\n  url: x\n',
  Makefile: 'all:\n\techo a\n',
  'run.sh': 'first\n[ $# -eq 0 ]; a\ncat <<X\n# old\nX\n',
  'style.css': 'p { color: red }\n',
  'one.py': 'y = x[0]\n',
  'one.js': 'a\n',
  'one.c': 'int f(void) {\n  return 0;\n}\n',
};
const BASE: Readonly<Record<string, string>> = { 'a.py': PYTHON, 'a.js': SCRIPT, 'a.go': GO, ...SMALL };

let folder = '';
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], {
    cwd: folder,
    maxBuffer: 2 ** 26,
  }).toString();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-vote-'));
  git('init', '-q');
  for (const [path, text] of Object.entries(BASE)) writeFileSync(join(folder, path), text);
  git('add', '-A');
  git('commit', '-q', '-m', 'base');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The patch that git makes of these contents. */
function patch(files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  git('add', '-A');
  const text = git('diff', '--cached');
  git('reset', '-q', '--hard');
  return text;
}
/** The same without git, as one hunk. */
function rewrite(path: string, text: string): string {
  const lines = (from: string, sign: string) =>
    from
      .split('\n')
      .slice(0, -1)
      .map((line) => `${sign}${line}\n`);
  const [before, after] = [lines(BASE[path] ?? '', '-'), lines(text, '+')];
  const hunk = `@@ -${before.length === 0 ? 0 : 1},${before.length} +1,${after.length} @@\n${before.join('')}${after.join('')}`;
  const head = before.length === 0 ? 'new file mode 100644\n--- /dev/null' : `--- a/${path}`;
  return `diff --git a/${path} b/${path}\n${head}\n+++ b/${path}\n${hunk}`;
}
const change = (path: string, from: string, to: string) => patch({ [path]: (BASE[path] ?? '').replace(from, to) });

describe.each([
  ['with the base files', (path: string) => BASE[path]],
  ['without them', () => undefined],
])('%s', (_, base: (path: string) => string | undefined) => {
  const vote = (text: string) => patchVote(text, base);

  test('comments, docstrings, blank lines, quotes and layout of Python do not count', () => {
    const plain = change('a.py', 'result += abs(value)', 'result += add(value, "x")');
    const dressed = change(
      'a.py',
      '        result += abs(value)\n',
      "        # keeps the sign\n        result += add(\n            value,  # as it is\n            'x',\n        )\n\n",
    );
    expect(vote(plain)).not.toBeNull();
    expect(vote(dressed)).toBe(vote(plain));
    const other = change('a.py', 'result += abs(value)', 'result += add(value, "y")');
    expect(vote(other)).not.toBe(vote(plain));
  });

  test('the same line at another depth is another change', () => {
    const inside = change('a.py', '        result += abs(value)\n', '        result += value\n        check(value)\n');
    const behind = change('a.py', '        result += abs(value)\n', '        result += value\n    check(value)\n');
    expect(vote(inside)).not.toBe(vote(behind));
  });

  test('the same text in another function is another change', () => {
    const early = change('a.py', '    result = 0\n', '    result = 0\n    log()\n');
    const late = change('a.py', '    return len(values)\n', '    log()\n    return len(values)\n');
    expect(vote(early)).not.toBe(vote(late));
  });

  test('JavaScript: comments, semicolons, trailing commas and quotes do not count', () => {
    const plain = change('a.js', 'result += Math.abs(value);', "result += add(value, 'x');");
    const dressed = change(
      'a.js',
      'result += Math.abs(value);',
      '/* keeps the sign */ result += add(\n    value,\n    "x", // as it is\n  )',
    );
    expect(vote(dressed)).toBe(vote(plain));
    expect(vote(change('a.js', 'result += Math.abs(value);', "result -= add(value, 'x');"))).not.toBe(vote(plain));
  });

  test('other languages are compared by words and signs', () => {
    const plain = change('a.go', 'return 0', 'return len(v)');
    expect(vote(change('a.go', 'return 0', 'return len( v ) // all'))).toBe(vote(plain));
    expect(vote(change('a.go', 'return 0', 'return len(v) + 1'))).not.toBe(vote(plain));
  });

  test.each([
    ['indentation of YAML', 'c.yaml', 'a:\n  b: 1\n    url: x\n', 'a:\n  b: 1\nurl: x\n'],
    ['# in a value of YAML', 'c.yaml', 'a:\n  b: 1\n  url: x#a\n', 'a:\n  b: 1\n  url: x#b\n'],
    ['# in a block of YAML', 'c.yaml', 'a: |\n  # x\n', 'a: |\n  # y\n'],
    ['a tab of make', 'Makefile', 'all:\n\techo b\n', 'all:\n        echo b\n'],
    ['$# of a shell', 'run.sh', '[ $# -eq 1 ]; a\n', '[ $# -eq 2 ]; b\n'],
    ['# in a here document', 'run.sh', 'cat <<X\n# new\nX\n', 'cat <<X\n# other\nX\n'],
    ['blanks of a shell', 'run.sh', '[ a = b ]\n', '[ a=b ]\n'],
    [
      'addresses in CSS',
      'style.css',
      'p { background: url(http://x/a.png); color: red }\n',
      'p { background: url(http://y/b.png); color: blue }\n',
    ],
    ['blanks of CSS', 'style.css', 'p .a { color: red }\n', 'p.a { color: red }\n'],
    ['a tuple as subscript', 'one.py', 'y = x[1]\n', 'y = x[1,]\n'],
    ['a chain of in', 'one.py', 'y = a in (b in c)\n', 'y = a in b in c\n'],
    ['a list with a hole', 'one.js', 'x = [,]\n', 'x = []\n'],
    ['a loop without body', 'one.js', 'while (x); { y }\n', 'while (x) { y }\n'],
    ['the end of a statement', 'one.js', 'function f() { return\nx }\n', 'function f() { return x }\n'],
    ['a call on the next line', 'one.js', 'b = a;\n(c)\n', 'b = a\n(c)\n'],
    [
      'signs that stand together',
      'one.c',
      'int f(void) {\n  return a+ ++b;\n}\n',
      'int f(void) {\n  return a++ +b;\n}\n',
    ],
    ['blanks of the preprocessor', 'one.c', '#define A(x) x\n', '#define A (x) x\n'],
    ['// in a string of several lines', 'a.go', 'var a = `\n // x\n`\n', 'var a = `\n // y\n`\n'],
    ['ends of lines', 'a.go', 'func a() {\n\treturn\n\tx()\n}\n', 'func a() {\n\treturn x()\n}\n'],
  ])('%s means something', (_name, path, one, other) => {
    const [a, b] = [rewrite(path, one), rewrite(path, other)];
    expect(vote(a)).not.toBeNull();
    expect(vote(b)).not.toBeNull();
    expect(vote(a)).not.toBe(vote(b));
  });

  test('binary files with other contents are other changes', () => {
    const [a, b] = [patch({ 'x.bin': 'a\0a' }), patch({ 'x.bin': 'b\0b' })];
    expect(a).toContain('Binary files');
    expect(vote(a)).not.toBe(vote(b));
    expect(vote(a)).toBe(vote(patch({ 'x.bin': 'a\0a' })));
  });

  test('huge and deeply nested files are compared at once', () => {
    const bundle = (end: string) => rewrite('b.js', `${'f(1,2);'.repeat(60_000)}${end}\n`);
    const deep = (end: string) => rewrite('d.js', `x = ${'['.repeat(4_000)}${end}${']'.repeat(4_000)}\n`);
    const began = performance.now();
    for (const make of [bundle, deep]) {
      expect(vote(make('1'))).not.toBe(vote(make('2')));
      expect(vote(make('1'))).toBe(vote(make('1')));
    }
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  test('what changes nothing has no vote', () => {
    expect(vote('')).toBeNull();
    expect(vote('no patch at all\n')).toBeNull();
    expect(vote(change('a.py', 'import os\n', 'import os\n# a remark\n'))).toBeNull();
    expect(vote(change('a.js', 'let result = 0;', 'let result = 0 // from here'))).toBeNull();
  });

  test('new, deleted and renamed files, modes and several files in any order count', () => {
    const fresh = patch({ 'b/c.py': 'x = 1\n' });
    expect(vote(patch({ 'b/c.py': '# new\nx   = 1\n' }))).toBe(vote(fresh));
    expect(vote(patch({ 'b/d.py': 'x = 1\n' }))).not.toBe(vote(fresh));
    expect(vote(patch({ 'b/__init__.py': '' }))).not.toBeNull();
    const [one, two] = [change('a.py', 'import os', 'import sys'), change('a.go', 'return 0', 'return 1')];
    expect(vote(`${two}${one}`)).toBe(vote(`${one}${two}`));
    expect(vote(`${one}${two}`)).not.toBe(vote(one));
    const mode = 'diff --git a/a.py b/a.py\nold mode 100644\nnew mode 100755\n';
    expect(vote(mode)).not.toBeNull();
    const gone = 'diff --git a/a.go b/a.go\ndeleted file mode 100644\n--- a/a.go\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n';
    expect(vote(gone)).not.toBeNull();
    expect(vote(gone)).not.toBe(vote(gone.replaceAll('a.go', 'a.py')));
  });
});

test('with the base files, redundant parentheses do not count either, and meaningful ones do', () => {
  const vote = (to: string) => patchVote(change('a.py', 'result += abs(value)', to), (path) => BASE[path]);
  expect(vote('result = (result + value)')).toBe(vote('result = result + value'));
  expect(vote('result = (result + value) * 2')).not.toBe(vote('result = result + value * 2'));
  expect(vote('result = (value,)')).not.toBe(vote('result = (value)'));
  expect(vote('ok = (a < b) < c')).not.toBe(vote('ok = a < b < c'));
});

test('a patch made against another base falls back to its hunks', () => {
  const text = change('a.py', 'result += abs(value)', 'result += value');
  expect(patchVote(text, () => 'something else\n')).toBe(patchVote(text));
});
