import { expect, test } from 'vitest';
import { csvRecords } from './csv-records.ts';

test('quotes, doubled quotes, commas and line ends inside of fields', () => {
  expect(csvRecords('a,b\r\n"x, ""y""\nz",\n\n1,2')).toEqual([
    { line: 1, fields: ['a', 'b'] },
    { line: 2, fields: ['x, "y"\nz', ''] },
    { line: 5, fields: ['1', '2'] },
  ]);
});

test('a byte order mark is no part of the first name', () => {
  expect(csvRecords('\uFEFFid\n')).toEqual([{ line: 1, fields: ['id'] }]);
});

test('a field that never ends is told', () => {
  expect(csvRecords('a\n"b,c\nd')).toEqual([
    { line: 1, fields: ['a'] },
    { line: 2, fields: ['b,c\nd'], unterminated: true },
  ]);
});
