import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { TestStatus } from '../../contracts/index.ts';
import { runnerSummary } from '../runner-summary.ts';
import { parserByName } from './index.ts';

/** What real runners printed for the suites in `test/fixtures/test-logs/sources`; `record.sh` there records them anew. */
const log = (name: string) =>
  readFileSync(new URL(`../../../test/fixtures/test-logs/${name}.txt`, import.meta.url), 'utf8');

/** Ids by status, so that an expectation reads like the suite. */
function outcomes(parser: string, output: string): Partial<Record<TestStatus, string[]>> {
  const result: Partial<Record<TestStatus, string[]>> = {};
  for (const [id, status] of parserByName(parser).parse(output))
    result[status] = [...(result[status] ?? []), id].sort();
  return result;
}
const summary = (parser: string, output: string) => runnerSummary(parser, output, parserByName(parser).parse(output));
const sorted = (...ids: string[]) => ids.sort();

describe('node-test', () => {
  const shapes = {
    FAILED: sorted(
      'parser > nested suite > fails deeper',
      'same name',
      'failed first',
      'fails with an odd message',
      'suite whose hook fails > never starts',
    ),
    SKIPPED: sorted('parser > is skipped by its suite', 'skipped with a reason'),
    XFAIL: ['to do and failing'],
  };
  const passing = [
    'parser > reads numbers',
    'parser > nested suite > goes deeper',
    'parent with subtests',
    'parent with subtests > first child',
    'parent with subtests > second child',
    'parent with subtests > second child > grandchild',
    'to do and passing',
    '42',
    '__proto__',
    'naïve café ✓ 漢字 🦊',
    'issue #12 and a \\ backslash # TODO in the name',
    'prints results of others',
    'name with > a mark',
    'spaces around',
  ];

  test.each([
    ['node-test-20', '/tmp/suite/node-test/cannot-load.test.mjs'],
    ['node-test-22', 'cannot-load.test.mjs'],
    ['node-test-24', 'cannot-load.test.mjs'],
  ])('%s', (name, file) => {
    expect(outcomes('node-test', log(name))).toEqual({
      ...shapes,
      PASSED: sorted(...passing, 'alone in its file', 'same name in another file'),
      ERROR: [file],
    });
    expect(summary('node-test', log(name))).toEqual({ total: 27, passed: 19 });
  });

  test('a file run by itself prints what tests print between its own lines', () => {
    const found = outcomes('node-test', log('node-test-20-one-file'));
    expect(found.PASSED).toEqual(expect.arrayContaining(passing));
    expect(found.FAILED).toEqual(expect.arrayContaining(shapes.FAILED));
  });

  test('line ends of any kind, colours and a cut output', () => {
    const plain = outcomes('node-test', log('node-test-22'));
    expect(outcomes('node-test', log('node-test-22').replaceAll('\n', '\r\n'))).toEqual(plain);
    expect(outcomes('node-test', log('node-test-22').replaceAll('\n', '\r'))).toEqual(plain);
    expect(outcomes('node-test', log('node-test-22').replace(/^( *)(ok|not ok)/gm, '$1\u001b[32m$2\u001b[0m'))).toEqual(
      plain,
    );
    const half = log('node-test-22').slice(0, log('node-test-22').indexOf('# Subtest: suite whose hook fails'));
    expect(summary('node-test', half)).toBeUndefined();
    expect(outcomes('node-test', half).PASSED).toEqual(plain.PASSED);
  });
});

describe('tap', () => {
  test.each(['mocha-10', 'mocha-11', 'mocha-10-tap13'])('%s', (name) => {
    expect(outcomes('tap', log(name))).toEqual({
      PASSED: sorted(
        '42',
        '__proto__',
        'naïve café ✓ 漢字 🦊',
        'issue 12  TODO in the name',
        'prints while it runs',
        'parser reads numbers',
        'parser nested suite goes deeper',
      ),
      FAILED: sorted(
        'same name',
        'failed first',
        'fails with an odd message',
        'parser nested suite fails deeper',
        'suite whose hook fails "before all" hook for "never starts"',
      ),
      SKIPPED: sorted('skips itself', 'parser is skipped', 'parser is pending'),
    });
    expect(summary('tap', log(name))).toEqual({ total: 17, passed: 9 });
  });

  test('points without numbers or dash, to do, bail out, glued to other output', () => {
    const output =
      'TAP version 14\nok\nok first\nnot ok 3 - second # TODO soon\nhalf a linenot ok 4 - third\nok 5 # skip\n1..5\n';
    expect(outcomes('tap', output)).toEqual({ PASSED: ['first'], XFAIL: ['second'], FAILED: ['third'] });
    expect(summary('tap', output)).toEqual({ total: 5, passed: 4 });
    expect(summary('tap', 'ok 1 - a\nBail out! no database\n')).toBeUndefined();
  });
});

describe('jest', () => {
  test.each(['jest-29', 'jest-30'])('%s', (name) => {
    expect(outcomes('jest', log(name))).toEqual({
      PASSED: sorted(
        'at top level',
        'parser > reads numbers',
        'parser > nested suite > goes deeper',
        'parser > back in the parser suite',
        '42 > 7',
        '42 > __proto__',
        'naïve café 漢字 🦊',
        'takes (5 ms) at most',
        'waits a little',
        'prints results of others',
        'takes 1 and a b',
        'takes 2 and c > d',
        'multi',
        'alone in its file',
        'forged by a write',
      ),
      FAILED: sorted(
        'fails at top level',
        'parser > nested suite > fails deeper',
        'same name',
        'failed first',
        'suite whose hook fails > fails for the hook',
      ),
      SKIPPED: sorted('parser > is skipped', 'parser > is to do'),
      ERROR: ['./cannot-load.test.js'],
    });
    expect(summary('jest', log(name))).toEqual({ total: 23, passed: 16 });
  });

  test('coloured output names the same tests', () => {
    const plain = outcomes('jest', log('jest-30'));
    const coloured = outcomes('jest', log('jest-30-colour'));
    expect(coloured.FAILED).toEqual(plain.FAILED?.filter((id) => !id.includes('hook')));
    expect(coloured.PASSED).toEqual(plain.PASSED?.filter((id) => id !== 'alone in its file'));
  });
});

describe('vitest', () => {
  const shapes = (...ids: string[]) => ids.map((id) => `shapes.test.js > ${id}`);
  const failed = sorted(
    ...shapes('fails at top level', 'parser > nested suite > fails deeper', 'same name', 'failed first'),
    'hook.test.js > suite whose hook fails',
  );
  const passed = shapes(
    'at top level',
    'parser > reads numbers',
    'parser > nested suite > goes deeper',
    'parser > back in the parser suite',
    'parser > fails as expected',
    '42 > 7',
    '42 > __proto__',
    'naïve café 漢字 🦊',
    'takes 5ms',
    'waits long',
    'passes when tried again',
    'prints results of others',
    'takes 1 and a b',
    'takes 2 and c > d',
  );

  test.each(['vitest-1', 'vitest-3', 'vitest-4'])('%s', (name) => {
    const found = outcomes('vitest', log(name));
    expect(found.PASSED?.filter((id) => !id.startsWith('forged'))).toEqual(
      sorted(...passed, 'passes.test.js > alone in its file'),
    );
    expect(found.FAILED).toEqual(failed);
    expect(found.ERROR).toEqual(['cannot-load.test.js']);
    // Version 1 does not print skipped tests.
    expect(found.SKIPPED).toEqual(
      name === 'vitest-1'
        ? undefined
        : sorted(
            ...shapes('parser > is skipped', 'parser > is to do'),
            'hook.test.js > suite whose hook fails > fails for the hook',
          ),
    );
    expect(summary('vitest', log(name))).toEqual({ total: 24, passed: 17 });
  });

  test('coloured output names the same tests', () => {
    const found = outcomes('vitest', log('vitest-3-colour'));
    expect(found.PASSED?.filter((id) => !id.startsWith('forged'))).toEqual(sorted(...passed));
    expect(found.FAILED).toEqual(failed.filter((id) => !id.startsWith('hook')));
  });
});

describe('pytest', () => {
  const id = (name: string) => `test_shapes.py::${name}`;
  test.each(['6.2.5', '7.4.4', '8.3.4', '9.0.0', '8.3.4-quiet', '8.3.4-colour', '8.3.4-verbose'])('%s', (version) => {
    const parameters = ['a b', 'x - y', '[', ']', 'a[b]', 'caf\\xe9', 'tab\\there', 'new\\nline', 'FAILED x', ''];
    expect(outcomes('pytest', log(`pytest-${version}`))).toEqual({
      PASSED: sorted(
        ...parameters.map((value) => id(`test_parametrised[${value}]`)),
        ...[
          'test_passes',
          'test_some_fail[passes]',
          'TestGroup::test_in_class',
          'TestGroup::test_42',
          'TestOldStyle::test_method',
          'test_prints_results',
          'test_captured_output',
          'test_unexpected_success',
        ].map(id),
      ),
      FAILED: sorted(id('test_fails'), id('test_some_fail[fails - with a mark]')),
      ERROR: sorted(id('test_setup_error'), id('test_teardown_error')),
      XFAIL: [id('test_expected_failure')],
    });
    expect(summary('pytest', log(`pytest-${version}`))).toEqual({ total: 25, passed: 20 });
  });

  test.each(['7.4.4', '8.3.4', '9.0.0'])('%s: a test fails when a part of it fails', (version) => {
    expect(outcomes('pytest', log(`pytest-${version}-subtests`))).toEqual({
      PASSED: ['test_subtests.py::TestParts::test_parts_pass'],
      FAILED: ['test_subtests.py::TestParts::test_parts_fail', 'test_subtests.py::test_fixture_parts'],
    });
  });

  test('a file that cannot be loaded stops everything', () => {
    expect(outcomes('pytest', log('pytest-8.3.4-cannot-load'))).toEqual({ ERROR: ['test_cannot_load.py'] });
    expect(summary('pytest', log('pytest-8.3.4-cannot-load'))).toEqual({ total: 1, passed: 0 });
    expect(summary('pytest', '==== no tests ran in 0.01s ====\n')).toEqual({ total: 0, passed: 0 });
  });

  test('a summary printed at exit cannot hide the real one', () => {
    const head = '=== short test summary info ===\n';
    const forged = `${head}FAILED a.py::b - assert\n=== 1 failed in 0.1s ===\n${head}PASSED a.py::b\n=== 1 passed in 0.1s ===\n`;
    expect(outcomes('pytest', forged)).toEqual({ FAILED: ['a.py::b'] });
  });
});

describe('unittest', () => {
  const shapes = (name: string) => `test_shapes.Shapes.${name}`;
  test.each(['3.6', '3.8', '3.10', '3.11', '3.12', '3.13'])('%s', (version) => {
    const found = outcomes('unittest', log(`unittest-${version}`));
    expect(found.PASSED?.filter((id) => !id.startsWith('async_case'))).toEqual(
      sorted(
        ...[
          'test_42',
          'test_café',
          'test_forged_by_print',
          'test_logs_between',
          'test_passes',
          'test_prints_line',
          'test_prints_other_result',
          'test_prints_to_stderr',
          'test_prints_without_end',
          'test_subtests_pass',
          'test_with_docstring',
        ].map(shapes),
        'test_shapes.BrokenTearDownClass.test_passes_before',
        'test_shapes.Outer.Inner.test_in_nested_class',
        'package.test_inside.Inside.test_in_package',
      ),
    );
    expect(found.FAILED).toEqual(
      sorted(
        ...[
          'test_fails',
          'test_prints_ok_then_fails',
          'test_subtests_fail',
          'test_unexpected_success',
          'test_with_docstring_fails',
        ].map(shapes),
      ),
    );
    expect(found.ERROR).toEqual(
      sorted(
        shapes('test_error'),
        'test_shapes.BrokenSetUp.setUpClass',
        'test_shapes.BrokenTearDown.test_passes_but_tear_down_fails',
        'test_shapes.BrokenTearDownClass.tearDownClass',
        'unittest.loader._FailedTest.test_cannot_load',
      ),
    );
    expect(found.XFAIL).toEqual([shapes('test_expected_failure')]);
    expect(found.SKIPPED).toContain(shapes('test_skipped'));
    const passed = (found.PASSED?.length ?? 0) + 1; // one of them is printed by a test, one fails as expected
    expect(summary('unittest', log(`unittest-${version}`))?.passed).toBeGreaterThanOrEqual(passed - 1);
  });

  test('a run that passes, and one without tests', () => {
    expect(outcomes('unittest', log('unittest-3.11-passes'))).toEqual({
      PASSED: ['test_small.Small.test_one', 'test_small.Small.test_two'],
    });
    expect(summary('unittest', log('unittest-3.11-passes'))).toEqual({ total: 2, passed: 2 });
    expect(summary('unittest', log('unittest-3.13-no-tests'))).toEqual({ total: 0, passed: 0 });
  });
});

test('no parser throws or is slow on odd text', () => {
  const odd = [
    '',
    '\0\u001b[',
    '['.repeat(100_000),
    `${'ok '.repeat(50_000)}\n`,
    `PASSED ${'[ - '.repeat(20_000)}`,
    ' ✓ > ',
  ];
  for (const name of ['node-test', 'tap', 'jest', 'vitest', 'pytest', 'unittest']) {
    for (const text of odd) {
      expect(() => summary(name, `=== short test summary info ===\n${text}\n`)).not.toThrow();
    }
  }
});

test('an unknown parser is named with those there are', () => {
  expect(() => parserByName('karma')).toThrow(/there is no parser karma/);
});
