/** Small made-up rows in the forms of sets that came after SWE-bench. */
import { expect, test } from 'vitest';
import { parseInstance } from './parse-instance.ts';

const file = (path: string) => `diff --git a/${path} b/${path}\n--- a/${path}\n+++ b/${path}\n`;
const linesOf = (script: string | undefined) => (script ?? '').split('\n');
/** What stands between the markers. */
const testLines = (script: string | undefined) => {
  const lines = linesOf(script);
  return lines.slice(lines.indexOf(": '>>>>> Start Test Output'") + 1, lines.indexOf(": '>>>>> End Test Output'"));
};
const common = { base_commit: 'a'.repeat(40), patch: file('src/x'), test_patch: file('tests/test_x.py') };

test('SWE-bench Pro: lists as Python prints them, images by tag', () => {
  const row = {
    ...common,
    instance_id: 'instance_NodeBB__NodeBB-1-vnan',
    repo: 'NodeBB/NodeBB',
    fail_to_pass: `['test/a.js | b', "it's | c", 'tab\\t']`,
    pass_to_pass: '[]',
    dockerhub_tag: 'nodebb.nodebb-NodeBB__NodeBB-1',
    before_repo_set_cmd: 'git reset --hard',
  };
  const instance = parseInstance(row);
  expect(instance).toMatchObject({
    FAIL_TO_PASS: ['test/a.js | b', "it's | c", 'tab\t'],
    PASS_TO_PASS: [],
    image: 'jefzda/sweap-images:nodebb.nodebb-NodeBB__NodeBB-1',
    version: '',
  });
  expect([instance.eval_script, instance.log_parser]).toEqual([undefined, undefined]);
  expect(() => parseInstance({ ...row, fail_to_pass: "['a', 1]" })).toThrow(
    /instance_NodeBB.*FAIL_TO_PASS: neither a list of strings nor text of one/,
  );
});

test('Multi-SWE-bench: organisation and number name the instance, tests are keys', () => {
  const row = {
    org: 'cli',
    repo: 'cli',
    number: 10388,
    base: { label: 'cli:trunk', ref: 'trunk', sha: 'b'.repeat(40) },
    fix_patch: file('x.go'),
    test_patch: file('x_test.go'),
    f2p_tests: { TestA: { run: 'PASS', test: 'FAIL', fix: 'PASS' } },
    n2p_tests: { TestNew: { run: 'NONE', test: 'NONE', fix: 'PASS' }, TestOfAnotherRow: null },
    s2p_tests: {},
    fixed_tests: { TestA: {}, TestNew: {} },
    p2p_tests: { TestOld: { run: 'PASS', test: 'PASS', fix: 'PASS' } },
  };
  expect(parseInstance(row)).toMatchObject({
    instance_id: 'cli__cli-10388',
    repo: 'cli/cli',
    base_commit: 'b'.repeat(40),
    patch: file('x.go'),
    FAIL_TO_PASS: ['TestA', 'TestNew'],
    PASS_TO_PASS: ['TestOld'],
    image: 'mswebench/cli_m_cli:pr-10388',
  });
  expect(parseInstance({ ...row, p2p_tests: ['TestListed'], instance_id: 'own-1' })).toMatchObject({
    instance_id: 'own-1',
    PASS_TO_PASS: ['TestListed'],
  });
  expect(() => parseInstance({ ...row, base: {} })).toThrow(/cli__cli-10388.*base_commit/);
});

test('SWE-Gym: rules and images of its repositories', () => {
  const row = { ...common, FAIL_TO_PASS: ['t'], PASS_TO_PASS: '["u"]' };
  const gym = (repo: string, version: string, test_patch = common.test_patch) =>
    parseInstance({ ...row, instance_id: `${repo.replace('/', '__')}-5`, repo, version, test_patch });
  const dask = gym('dask/dask', '2023.1');
  expect(dask).toMatchObject({
    image: 'xingyaoww/sweb.eval.x86_64.dask_s_dask-5:latest',
    log_parser: 'parse_log_pytest',
  });
  expect(testLines(dask.eval_script)).toEqual(['pytest -n0 -rA --color=no tests/test_x.py']);
  expect(gym('Project-MONAI/MONAI', '1.0').image).toBe('xingyaoww/sweb.eval.x86_64.project-monai_s_monai-5:latest');
  const cases = '+[case testOne]\n+[case testTwo-xfail]\n';
  expect(testLines(gym('python/mypy', '1.10', cases).eval_script)).toEqual([
    'pytest -rA -k "testOne or testTwo-xfail"',
  ]);
  expect(testLines(gym('python/mypy', '0.990', cases).eval_script)).toEqual([
    'pytest -n0 -rA -k "testOne or testTwo-xfail"',
  ]);
  expect(linesOf(gym('pandas-dev/pandas', '2.2').eval_script)).toContain(
    'python -m pip install -ve . --no-build-isolation -Ceditable-verbose=true',
  );
  expect(linesOf(dask.eval_script).filter((line) => line.includes('pip install'))).toEqual([]);
  // A repository that SWE-bench has as well goes by its rules.
  expect(gym('pallets/flask', '2.3').image).toBe('swebench/sweb.eval.x86_64.pallets_1776_flask-5:latest');
});

test('SWE-bench-Live: the row brings the commands', () => {
  const row = {
    ...common,
    instance_id: 'amoffat__sh-744',
    repo: 'amoffat/sh',
    FAIL_TO_PASS: ['t'],
    PASS_TO_PASS: [],
    test_cmds: ['pytest -rA a', 'pytest -rA b'],
    log_parser: 'pytest',
  };
  const instance = parseInstance(row);
  expect(instance).toMatchObject({
    image: 'starryzhang/sweb.eval.x86_64.amoffat_1776_sh-744:latest',
    log_parser: 'parse_log_pytest',
  });
  expect(testLines(instance.eval_script)).toEqual(row.test_cmds);
  expect(linesOf(instance.eval_script)).toContain(`git checkout ${'a'.repeat(40)} tests/test_x.py`);
  const many = parseInstance({
    ...row,
    docker_image: 'own/image',
    rebuild_cmds: ['make'],
    print_cmds: ['cat log'],
    log_parser: 'def parser(log):\n    return {}\n',
  });
  expect(many.image).toBe('own/image');
  const lines = linesOf(many.eval_script);
  expect(lines[lines.indexOf(": '>>>>> Start Test Output'") - 1]).toBe('make');
  expect(testLines(many.eval_script)).toEqual([...row.test_cmds, 'cat log']);
});

test('names that every object has are no entries of tables', () => {
  const row = { ...common, instance_id: 'a__b-1', FAIL_TO_PASS: [], PASS_TO_PASS: [] };
  expect(parseInstance({ ...row, repo: 'constructor', version: '1' }).eval_script).toBeUndefined();
  expect(parseInstance({ ...row, repo: 'google/gson', version: 'constructor' }).eval_script).toBeUndefined();
});
