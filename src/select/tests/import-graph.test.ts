import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { IMPORT_PATTERN, importers } from './import-graph.ts';

/** Files with their text; the import lines are found as in a repository, by git. */
function graphOf(files: Readonly<Record<string, string>>, ...targets: string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'assay-imports-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const argv = ['grep', '--no-index', '--no-color', '-z', '-E', '-e', IMPORT_PATTERN, '--', '.'];
    const found = execFileSync('git', argv, { cwd: folder }).toString();
    const lines = found.split('\n').flatMap((line) => {
      const [path, text] = line.split('\0');
      return path === undefined || text === undefined ? [] : [{ path, text }];
    });
    return importers(Object.keys(files), lines, targets).sort();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('Python: absolute, relative and from imports, packages, over several steps', () => {
  const files = {
    'pkg/__init__.py': 'from .api import run\n',
    'pkg/api.py': 'from . import core, extra\nfrom .deep.inner import (\n    thing,\n)\n',
    'pkg/core.py': 'import os\n',
    'pkg/extra.py': 'x = 1\n',
    'pkg/deep/__init__.py': '',
    'pkg/deep/inner.py': 'from ..core import y\n',
    'tests/test_all.py': 'import pkg\n',
    'tests/test_core.py': 'from pkg.core import y\n',
    'tests/test_other.py': 'import os.path as p, sys\n',
    'other.py': 'import json\n',
  };
  // What imports a part of the package runs its __init__.py, and with it all that this imports.
  expect(graphOf(files, 'pkg/extra.py')).toEqual([
    'pkg/__init__.py',
    'pkg/api.py',
    'pkg/deep/inner.py',
    'pkg/extra.py',
    'tests/test_all.py',
    'tests/test_core.py',
  ]);
  expect(graphOf(files, 'other.py')).toEqual(['other.py']);
});

test('Python: packages below src', () => {
  expect(
    graphOf(
      { 'src/pkg/__init__.py': '', 'src/pkg/a.py': '', 'tests/test_a.py': 'from pkg import a\n' },
      'src/pkg/a.py',
    ),
  ).toContain('tests/test_a.py');
});

test('JavaScript and TypeScript: import, export from, require, import(), folders and missing endings', () => {
  const files = {
    'src/a.ts': 'export const a = 1;\n',
    'src/index.ts': "export { a } from './a.js';\n",
    'lib/util/index.js': 'module.exports = {};\n',
    'lib/main.js': "const util = require('./util');\n",
    'test/a.test.ts': "import {\n  a,\n} from '../src/index.ts';\n",
    'test/main.test.js': "const main = await import('../lib/main.js');\n",
    'test/none.test.js': "import 'node:test';\n",
  };
  expect(graphOf(files, 'src/a.ts')).toEqual(['src/a.ts', 'src/index.ts', 'test/a.test.ts']);
  expect(graphOf(files, 'lib/util/index.js')).toEqual(['lib/main.js', 'lib/util/index.js', 'test/main.test.js']);
});
