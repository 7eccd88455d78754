import { expect, test } from 'vitest';
import { withTimeLimit } from './time-limit.ts';

test('work gives its value or its error; what does not end is ended', () => {
  expect(withTimeLimit(1000, () => [1, 2])).toEqual([1, 2]);
  expect(() =>
    withTimeLimit(1000, () => {
      throw new TypeError('its own');
    }),
  ).toThrow(new TypeError('its own'));
  expect(() => withTimeLimit(50, () => /(a+)+$/.test(`${'a'.repeat(60)}b`))).toThrow(/timed out after 50ms/);
});
