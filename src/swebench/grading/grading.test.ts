import { expect, test } from 'vitest';
import type { LogRules, Prediction, SwebenchInstance } from '../contracts.ts';
import { SWEBENCH_PARSERS } from '../parsers/parser-registry.ts';
import { gradeLog, instanceReportText } from './grade-log.ts';
import { pythonJson } from './python-json.ts';
import { runReport, runReportText } from './run-report.ts';

const instance = {
  instance_id: 'a__a-1',
  FAIL_TO_PASS: ['t.py::new'],
  PASS_TO_PASS: ['t.py::old'],
  eval_type: 'pass_and_fail',
  log_parser: 'parse_log_pytest',
} as unknown as SwebenchInstance;
const prediction: Prediction = { instance_id: 'a__a-1', model_name_or_path: 'm', model_patch: 'x' };
const log = (body: string, code = 0) =>
  `+ : '>>>>> Start Test Output'\n${body}\n+ : '>>>>> End Test Output'\n>>>>> Test Exit Code: ${code}\n`;
const grade = (text: string, compat: LogRules = 5, of: Partial<SwebenchInstance> = {}) =>
  gradeLog({ instance: { ...instance, ...of }, prediction, log: text, compat });

test('both lists have to pass; the report is written as Python writes it', () => {
  const report = grade(log('PASSED t.py::new\nPASSED t.py::old'));
  expect(report.resolved).toBe(true);
  expect(instanceReportText('a__a-1', report).split('\n').slice(0, 8)).toEqual([
    '{',
    '    "a__a-1": {',
    '        "patch_is_None": false,',
    '        "patch_exists": true,',
    '        "patch_successfully_applied": true,',
    '        "resolved": true,',
    '        "infra_failure": false,',
    '        "tests_status": {',
  ]);
  expect(grade(log('PASSED t.py::new\nFAILED t.py::old - x', 1)).resolved).toBe(false);
  expect(
    pythonJson(
      new Map<string, unknown>([
        ['2', 'ä\u2028'],
        ['1', []],
      ]),
    ),
  ).toBe('{\n    "2": "\\u00e4\\u2028",\n    "1": []\n}');
});

test('a parser that does not exist is an error of the row', () => {
  expect(() => grade(log(''), 5, { log_parser: 'none' })).toThrow(/no log parser none/);
  expect(() => grade(log(''), 5, { log_parser: 'def parser(log):\n    return {}' })).toThrow(/is a program/);
});

test('logs that say nothing have no tests in their report', () => {
  for (const text of [
    'PASSED t.py::new',
    `${log('PASSED t.py::new\nPASSED t.py::old')}>>>>> Tests Errored`,
    log('PASSED t.py::new\nPASSED t.py::old', 1),
    log('ModuleNotFoundError: x', 1),
  ])
    expect(grade(text)).toMatchObject({ resolved: false, patch_successfully_applied: false });
  expect(grade(log('ModuleNotFoundError: x', 1)).infra_failure_reason).toBe('missing_module');
  expect(grade(log('PASSED t.py::new\nPASSED t.py::old', 1), 4).resolved).toBe(true);
});

test('failures of the surroundings are looked for only where the log says nothing of the tests', () => {
  const usable = log('PASSED t.py::new\nPASSED t.py::old\nCannot allocate memory');
  expect(grade(usable)).toMatchObject({ resolved: true, infra_failure: false });
  expect(grade(usable).infra_failure_reason).toBeUndefined();
  expect(grade(log('Cannot allocate memory', 1))).toMatchObject({
    infra_failure: true,
    infra_failure_reason: 'out_of_memory',
  });
  expect(grade(log('x\nKilled\ny', 1)).infra_failure_reason).toBe('out_of_memory');
  expect(grade(log('x\u2028Killed\u2028y', 1)).infra_failure_reason).toBeUndefined();
  expect(grade('Timeout error: 1800 seconds exceeded').infra_failure_reason).toBe('tests_timed_out');
});

test('skipped tests, cut-off ids and failures only', () => {
  const skipped = log('PASSED t.py::new\nSKIPPED t.py::old');
  expect(grade(skipped).tests_status?.PASS_TO_PASS).toEqual({ success: ['t.py::old'], failure: [] });
  expect(grade(skipped, 4).tests_status?.PASS_TO_PASS).toEqual({ success: [], failure: [] });
  const cut = { FAIL_TO_PASS: ['t.py::new[a'] };
  expect(grade(log('PASSED t.py::new[a-1]\nPASSED t.py::new[a-2]\nPASSED t.py::old'), 5, cut).resolved).toBe(true);
  expect(grade(log('PASSED t.py::new[a-1]\nFAILED t.py::new[a-2]\nPASSED t.py::old'), 5, cut).resolved).toBe(false);
  expect(grade(log('PASSED something', 0), 5, { eval_type: 'fail_only' }).resolved).toBe(true);
});

test.each<[string, string, Record<string, string>]>([
  [
    'pytest',
    'FAILED a.py::x - boom\nSKIPPED [3] a.py:1: no\nPASSED\nXFAIL a.py::y',
    { 'a.py::x': 'FAILED', 'a.py::y': 'XFAIL' },
  ],
  [
    'pylint',
    'PASSED a.py::x[/a/b/c.py]\nPASSED a.py::y[//a]',
    { 'a.py::x[/c.py]': 'PASSED', 'a.py::y[//a]': 'PASSED' },
  ],
  ['sphinx', '\u001b[32mPASSED\u001b[0m a.py::x y\na.py::z PASSED', { 'a.py::x y': 'PASSED', 'a.py::z': 'PASSED' }],
  [
    'django',
    'test_a (m.T) ... ok\ntest_b (m.T) ... noise\nok\nFAIL: test_c (m.T)',
    { 'test_a (m.T)': 'PASSED', 'test_b (m.T)': 'PASSED', test_c: 'FAILED' },
  ],
  [
    'sympy',
    'test_a ok\ntest_b F\n[FAIL]\n____ sympy/t.py:test_b ____',
    { 'sympy/t.py:test_b': 'FAILED', test_a: 'PASSED', test_b: 'FAILED' },
  ],
  ['seaborn', 'FAILED a.py::x - no\na.py::y PASSED [ 5%]', { 'a.py::x': 'FAILED', 'a.py::y': 'PASSED' }],
  ['matplotlib', 'PASSED a.py::x[MouseButton.LEFT]', { 'a.py::x[1]': 'PASSED' }],
])('parser %s', (name, text, expected) => {
  expect(Object.fromEntries(SWEBENCH_PARSERS.get(`parse_log_${name}`)?.(text, { modern: true }) ?? [])).toEqual(
    expected,
  );
});

test('the report of a run sorts every instance into its list', () => {
  const ids = ['d__d-1', 'a__a-1', 'b__b-1', 'c__c-1', 'e__e-1', 'f__f-1'];
  const instances = ids.map((id) => ({ instance_id: id }) as SwebenchInstance);
  const predictions = new Map(ids.slice(0, 5).map((id) => [id, { ...prediction, instance_id: id }]));
  predictions.set('b__b-1', { ...prediction, instance_id: 'b__b-1', model_patch: null });
  const done = grade(log('PASSED t.py::new\nPASSED t.py::old'));
  const report = runReport({
    instances,
    predictions,
    reports: new Map([
      ['a__a-1', done],
      ['c__c-1', { ...done, resolved: false }],
      ['e__e-1', null],
    ]),
    logs: new Map([
      ['c__c-1', 'Could not resolve host: x'],
      ['d__d-1', 'collected 0 items'],
    ]),
    compat: 5,
  });
  expect(report).toMatchObject({
    total_instances: 6,
    submitted_instances: 5,
    completed_ids: ['a__a-1', 'c__c-1', 'e__e-1'],
    incomplete_ids: ['f__f-1'],
    empty_patch_ids: ['b__b-1'],
    resolved_ids: ['a__a-1'],
    unresolved_ids: ['c__c-1'],
    infra_failure_ids: ['c__c-1'],
    ambiguous_failure_ids: ['d__d-1'],
    error_ids: ['d__d-1', 'e__e-1'],
  });
  expect(runReportText(report)).toMatch(/"failure_reasons": \{\n {8}"c__c-1": "network_unreachable",/);
  expect(runReportText(report).endsWith('"schema_version": 2\n}\n')).toBe(true);
});

test('a status without a name is passed over by seaborn, and was an error before harness 5', () => {
  const seaborn = { log_parser: 'parse_log_seaborn' };
  const text = log('FAILED\nt.py::new PASSED x\nPASSED t.py::old');
  expect(grade(text, 5, seaborn).resolved).toBe(true);
  expect(() => grade(text, 4, seaborn)).toThrow();
});

test('by the rules of harness 1 what comes after the patch counts, without markers', () => {
  const body =
    '>>>>> Applied Patch (pred_try)\nFAILED t.py::new\n>>>>> Applied Patch (pred)\nPASSED t.py::new\nPASSED t.py::old\n';
  expect(grade(body, 1).resolved).toBe(true);
  expect(grade(body, 4).patch_successfully_applied).toBe(false);
  for (const bad of [
    body.replaceAll('Applied Patch', 'Something'),
    `${body}>>>>> Tests Timed Out after 900 seconds`,
    `${body}Failed to reset task environment`,
  ])
    expect(grade(bad, 1)).toMatchObject({ patch_successfully_applied: false, resolved: false });
  const django = {
    log_parser: 'parse_log_django',
    FAIL_TO_PASS: ['test_a (x.Y)'],
    PASS_TO_PASS: [],
  };
  const split = '>>>>> Applied Patch (pred)\ntest_a (x.Y) ... Testing against Django\nok\n';
  expect(grade(split, 1, django).resolved).toBe(false);
  expect(grade(log(split), 4, django).resolved).toBe(true);
  expect(grade(split.replace('Testing against Django\n', ''), 1, django).resolved).toBe(true);
});
