import { expect, test } from 'vitest';
import { bytes, count, dollars, duration } from './format.ts';

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1_000, '1.0 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min 0 s'],
  [119_700, '2 min 0 s'],
  [3_599_600, '1 h 0 min'],
  [5_400_000, '1 h 30 min'],
])('%d milliseconds are %s', (ms, words) => expect(duration(ms)).toBe(words));

test('what is not known is not nothing', () => {
  expect(dollars(0)).toBe('$0.0000');
  expect(dollars(0, 3)).toBe('unknown');
  expect(dollars(12.5, 1)).toBe('≥ $12.50');
});

test('large figures are shortened', () => {
  expect([9_999, 10_000, 2_500_000].map(count)).toEqual(['9999', '10.0k', '2.50M']);
  expect([1_023, 2_048, 3 * 1024 ** 2].map(bytes)).toEqual(['1023 B', '2.0 kB', '3.0 MB']);
});
