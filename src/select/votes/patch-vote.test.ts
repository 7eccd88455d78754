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
const BASE: Readonly<Record<string, string>> = { 'a.py': PYTHON, 'a.js': SCRIPT, 'a.go': GO };

let folder = '';
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], { cwd: folder }).toString();

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
