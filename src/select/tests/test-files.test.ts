import { expect, test } from 'vitest';
import { commandFor, isTestFile } from './test-files.ts';

test('test files are known by name or folder, what lies beside them is none', () => {
  for (const path of [
    'tests/test_a.py',
    'a/b_test.py',
    'src/x.test.ts',
    'x.spec.mjs',
    'test/parse.js',
    '__tests__/a.jsx',
    'test/deep/a.ts',
  ])
    expect([path, isTestFile(path)]).toEqual([path, true]);
  for (const path of [
    'src/contest.py',
    'tests/support.py',
    'test/support/settle.js',
    'test/fixtures/a.js',
    'src/latest.js',
    'test/types.d.ts',
    'vitest.config.ts',
  ])
    expect([path, isTestFile(path)]).toEqual([path, false]);
});

test('the runner stays, the files at its end are replaced', () => {
  expect(
    commandFor('node --test --test-reporter=tap test/hidden.test.js test/b.test.js', 'node-test', ['test/a.test.js']),
  ).toBe('node --test --test-reporter=tap test/a.test.js');
  expect(
    commandFor('python3 -m unittest -v tests.test_hidden', 'unittest', ['tests/test_a.py', 'tests/test_b.py']),
  ).toBe('python3 -m unittest -v tests.test_a tests.test_b');
  expect(
    commandFor('/opt/venv/bin/python -m pytest -rA -c /dev/null tests/test_hidden.py', 'pytest', ['tests/it works.py']),
  ).toBe("/opt/venv/bin/python -m pytest -rA -c /dev/null 'tests/it works.py'");
  expect(commandFor('jest --config \'{"transform":{}}\' test/hidden.test.js', 'jest', ['test/a.test.js'])).toBe(
    'jest --config \'{"transform":{}}\' test/a.test.js',
  );
});

test('more than one call of a runner, or nothing of its language, gives no command', () => {
  expect(commandFor('npm run build && node --test test/a.test.js', 'node-test', ['test/a.test.js'])).toBeNull();
  expect(commandFor('python3 -m unittest tests.test_a', 'unittest', ['test/a.test.js'])).toBeNull();
  expect(commandFor('node --test', 'node-test', [])).toBeNull();
});
