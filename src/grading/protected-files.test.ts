import { expect, test } from 'vitest';
import {
  changesRunnerSection,
  isProtected,
  mendedRunnerConfig,
  restoreRunnerKeys,
  runnerShadow,
} from './protected-files.ts';

test.each([
  ['conftest.py', true],
  ['a/conftest.py', true],
  ['pytest.toml', true],
  ['.pytest.toml', true],
  ['.pytest.ini', true],
  ['x/tests/__init__.py', true],
  ['src/package/__init__.py', false],
  ['x-1.dist-info/entry_points.txt', true],
  ['lib/x.egg-info/entry_points.txt', true],
  ['.mocharc.yml', true],
  ['.babelrc', true],
  ['vitest.workspace.ts', true],
  ['src/config.ts', false],
  ['hidden/test.js', true],
])('%s is protected: %s', (path, expected) => {
  expect(isProtected(path, new Set(['hidden/test.js']))).toBe(expected);
});

test.each([
  ['pytest.py', 'pytest.py'],
  ['pytest/__main__.py', 'pytest'],
  ['tests/unittest/case.py', 'tests/unittest'],
  ['src/_pytest/new.py', 'src/_pytest'],
  ['src/pytest_plugin.py', undefined],
  ['coverage.txt', undefined],
])('%s could be taken for a runner: %s', (path, expected) => {
  expect(runnerShadow(path)).toBe(expected);
});

const BASE = '[project]\nname = "x"\n[tool.pytest.ini_options]\ntestpaths = ["tests"]\n';

test.each([
  ['another table', `${BASE}[tool.black]\nline-length = 100\n`, false],
  ['another order', '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n[project]\nname = "x"\n', false],
  ['a key behind a list', `${BASE}addopts = "-p evil"\n`, true],
  ['a table with spaces', `${BASE}[ tool.pytest ]\naddopts = ["-p"]\n`, true],
  ['a quoted table', `${BASE}[tool."pytest".more]\nx = 1\n`, true],
  ['dotted keys', '[project]\nname = "x"\n[tool]\npytest.ini_options.testpaths = ["other"]\n', true],
  ['no longer TOML', `${BASE}[[[`, true],
  ['gone', '', true],
])('pyproject.toml, %s: the runner is touched: %s', (_name, patched, expected) => {
  expect(changesRunnerSection(BASE, patched)).toBe(expected);
});

test('package.json: runner keys as before, everything else as patched', () => {
  const base = '{"scripts":{"test":"a"},"dependencies":{}}';
  expect(restoreRunnerKeys(base, '{"scripts":{"test":"a"},"dependencies":{"x":"1"}}')).toBeUndefined();
  expect(JSON.parse(restoreRunnerKeys(base, '{"scripts":{"test":"b"},"name":"n","jest":{}}') ?? '')).toEqual({
    name: 'n',
    scripts: { test: 'a' },
  });
  expect(JSON.parse(restoreRunnerKeys(base, '\uFEFF{"scripts":{"test":"b"}}') ?? '')).toEqual({
    scripts: { test: 'a' },
  });
  expect(restoreRunnerKeys(base, '{"scripts":')).toBe(base);
  expect(restoreRunnerKeys(base, '')).toBe(base);
  expect(restoreRunnerKeys('', '{"scripts":{"test":"b"}}')).toBe('{}\n');
});

test('a file that cannot be mended in part is put back whole', async () => {
  const mend = (path: string, before: string, after: string) =>
    mendedRunnerConfig(path, { before: async () => before, after: async () => after });
  expect(await mend('a/package.json', '{}', 'no JSON')).toBe('restore');
  expect(await mend('pyproject.toml', BASE, `${BASE}addopts = "x"\n`)).toBe('restore');
  expect(await mend('pyproject.toml', BASE, BASE)).toBeUndefined();
  expect(await mend('a/package.json', '{}', '{"scripts":{}}')).toEqual({ text: '{}\n' });
  expect(await mend('src/package.js', 'a', 'b')).toBeUndefined();
});
