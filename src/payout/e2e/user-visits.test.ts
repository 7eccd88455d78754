import { expect, test } from 'vitest';
import { plainLog } from './user-visits.ts';

test('only what the user says is passed on, and nothing of what a test looks for', () => {
  const output = [
    'user: opens the list',
    'user: AssertionError: expected 3 rows',
    "user: waiting for getByRole('row')",
    'user: locator resolved to hidden',
    '    at file:///opt/assay/user.mjs:4:2',
    'user: the page says 5',
    '',
  ].join('\n');
  expect(plainLog(output)).toEqual(['opens the list', 'the page says 5']);
});
