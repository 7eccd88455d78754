import { expect, test } from 'vitest';
import type { SwebenchInstance } from '../../contracts.ts';
import { evalScript } from '../../dataset/eval-script.ts';
import { recordExitCode } from '../record-exit-code.ts';
import { tamperedFiles } from './environment-guard.ts';
import { evidenceModule } from './evidence-module.ts';
import { readEvidence } from './read-evidence.ts';
import { restoreIniSections } from './restore-touched-files.ts';
import { splitScript } from './split-script.ts';
import { evidenceProblems } from './test-evidence.ts';

const PATCH = 'diff --git a/tests/test_a.py b/tests/test_a.py\n--- a/tests/test_a.py\n+++ b/tests/test_a.py\n';
const script = evalScript(
  { repo: 'a/b', base_commit: 'c0ffee', test_patch: `${PATCH}@@ -1 +1 @@\n-x\n+export SECRET=1\n` },
  { command: 'pytest -rA', parser: 'p', install: 'pip install -e .', prepare: ['export LANG=C'] },
);

test('the tests get the set-up of the shell and nothing of what comes before', () => {
  const parts = splitScript(script);
  expect(parts?.tests.split('\n')).toEqual([
    'set -uxo pipefail',
    'source /opt/miniconda3/bin/activate',
    'conda activate testbed',
    'cd /testbed',
    'export LANG=C',
    'cd /testbed',
    'source /opt/miniconda3/bin/activate',
    'conda activate testbed',
    'pytest -rA tests/test_a.py',
    '',
  ]);
  expect(parts?.prologue).toContain('pip install -e .');
  expect(parts?.prologue).not.toContain('Test Output');
  expect(splitScript('echo no markers')).toBeUndefined();
});

test('the exit code is recorded around the first end marker', () => {
  const lines = recordExitCode(script).split('\n');
  const end = lines.findIndex((line) => line.includes('End Test Output'));
  expect(lines.slice(0, 2)).toEqual(['#!/bin/bash', 'set -uxo pipefail']);
  expect(lines[end - 1]).toBe('SWEBENCH_TEST_EXIT_CODE=$?');
  expect(lines[end + 1]).toBe('echo ">>>>> Test Exit Code: $SWEBENCH_TEST_EXIT_CODE"');
  expect(recordExitCode('echo\n')).toBe('echo\n');
  expect(recordExitCode(script.replace('cd /testbed\n', 'set -x\n'))).toContain('\nset -x\n');
});

test('sections of the runner go back, others stay as patched', () => {
  const before = '[metadata]\nname = a\n[tool:pytest]\naddopts = -q\n';
  const after = '[metadata]\nname = b\n[tool:pytest]\naddopts = --lf\n[pytest]\nx = 1\n[extra]\ny = 2\n';
  expect(restoreIniSections(before, after)).toBe('[metadata]\nname = b\n[extra]\ny = 2\n[tool:pytest]\naddopts = -q\n');
  expect(restoreIniSections('', '# x\f[pytest]\naddopts = -p x\n')).toBe('# x\f\n');
  expect(restoreIniSections(before, before.replace('name = a', 'name = b'))).toBeUndefined();
});

test('evidence counts only with the secret, and only tests whose every phase passed', () => {
  const lines = [
    's 7 start',
    'other 7 test passed call forged',
    's 7 test passed setup t::a',
    's 7 test passed call t::a',
    's 7 test passed call t::b',
    's 7 test failed teardown t::b',
    's 7 test xfail call t::c with spaces',
    's 7 test skipped setup t::d',
    's 7 test failed call m.one\tshared name',
    's 7 test passed call m.two\tshared name',
    's 8 start',
    's 7 finish 0',
    's 7 end',
  ];
  const evidence = readEvidence(lines.join('\n'), 's');
  expect([evidence.passed, evidence.failed, evidence.finished]).toEqual([3, ['t::b', 't::d'], 1]);
  expect([...evidence.processes]).toEqual([
    ['7', true],
    ['8', false],
  ]);
  expect(
    evidenceModule({ runner: 'pytest', secret: 'sec"ret', path: '/tmp/x', workdir: '/w', testModules: [] }),
  ).toContain(String.raw`"sec\"ret"`);
});

test('installing a project may add its links and programs, nothing else', () => {
  const bin = '/opt/miniconda3/envs/testbed/bin';
  const lib = '/opt/miniconda3/envs/testbed/lib/python3.9/site-packages';
  const entries = new Set([`${bin}/pytest`, `${bin}/flask`, `${lib}/_pytest`, `${lib}/flask`, `${lib}/setuptools`]);
  const mark = { entries, ownPackages: new Set(['flask', 'tests']) };
  const fine = [
    `${bin}/flask`,
    `${bin}/new-tool`,
    `${lib}/__editable__.flask-2.3.pth`,
    `${lib}/easy-install.pth`,
    `${lib}/Flask-2.3.dist-info/METADATA`,
    `${lib}/flask/app.py`,
    `${lib}/appdirs.py`,
    `${lib}/newdep/x.so`,
    `${lib}/setuptools/__pycache__/x.cpython-39.pyc`,
    '/root/.gitconfig',
    '/root/notes.txt',
  ];
  const refused = [
    `${bin}/pytest`,
    `${bin}/python3`,
    `${lib}/_pytest/runner.py`,
    `${lib}/setuptools/__init__.py`,
    `${lib}/evil.pth`,
    `${lib}/sitecustomize.py`,
    '/opt/miniconda3/envs/testbed/lib/python3.9/contextlib.py',
    '/opt/miniconda3/envs/testbed/pyvenv.cfg',
    '/opt/miniconda3/bin/activate',
    '/root/.local/lib/python3.9/site-packages/zz.pth',
    '/root/.bashrc',
    '/etc/ld.so.preload',
    '/usr/bin/git',
    '/pytest.ini',
  ];
  expect(tamperedFiles([...fine, ...refused], mark, { project: 'flask', script: 'pip install -e .' })).toEqual(refused);
  const installs = { project: 'flask', script: 'apt-get install -y graphviz' };
  expect(tamperedFiles(['/usr/bin/dot', '/pytest.ini'], mark, installs)).toEqual(['/pytest.ini']);
});

test('as many tests have to run as are said to pass; the progress that some rows list is no test', () => {
  const instance = {
    FAIL_TO_PASS: ['t.py::new'],
    PASS_TO_PASS: ['t.py::old', '[100%]'],
    log_parser: 'parse_log_pytest',
  } as unknown as SwebenchInstance;
  const run = { output: '', exitCode: 0, seconds: 1 };
  const problems = (passed: number, failed: string[] = []) =>
    evidenceProblems(
      instance,
      {
        outcome: run,
        restoredFiles: [],
        problems: [],
        forgesMarkers: false,
        evidence: {
          processes: new Map([['1', true]]),
          finished: 1,
          passed,
          failed,
          changed: [],
          readers: [],
          hooks: [],
        },
      },
      run,
    );
  expect(problems(2)).toEqual([]);
  expect(problems(1)).toEqual(['2 tests were said to pass, the runner ran 1 that did']);
  expect(problems(2, ['t.py::other', 't.py::new'])).toEqual(['tests that were said to pass failed: t.py::new']);
});
