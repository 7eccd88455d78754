import { expect, test } from 'vitest';
import { parseInstance } from '../dataset/parse-instance.ts';
import { requireRules } from './require-rules.ts';

const row = {
  instance_id: 'a__b-1',
  repo: 'a/b',
  base_commit: 'c0ffee',
  eval_script: 'echo',
  log_parser: 'parse_log_pytest',
};

test('the script, or what lacks', () => {
  const check = (more: object) => requireRules(parseInstance({ ...row, ...more }));
  expect(check({})).toBe('echo');
  expect(() => check({ eval_script: null })).toThrow(
    'a__b-1: the row has no eval_script, and there is no rule for a/b',
  );
  expect(() => check({ log_parser: '' })).toThrow(/no log_parser/);
  expect(() => check({ log_parser: 'parse_log_nothing' })).toThrow(/no log parser parse_log_nothing/);
});
