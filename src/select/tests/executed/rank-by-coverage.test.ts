import { expect, test } from 'vitest';
import { type Execution, joinExecutions } from './executed-lines.ts';
import { rankByCoverage } from './rank-by-coverage.ts';

function execution(inFunctions: number[], atImport: number[] = []): Execution {
  return new Map([['a.py', { inFunctions: new Set(inFunctions), atImport: new Set(atImport) }]]);
}
const touched = new Map([
  [
    'a.py',
    [
      { from: 20, to: 21 },
      { from: 50, to: 50 },
      { from: 90, to: 90 },
    ],
  ],
]);

test('who executes more changes comes first; who only loads the module is out where functions reach the change', () => {
  const measured = [
    { file: 'loads', execution: execution([], [1, 20, 50]) },
    { file: 'one', execution: execution([24]) },
    { file: 'far', execution: execution([25, 16]) },
    { file: 'two', execution: execution([18, 53]) },
    { file: 'none', execution: new Map() },
  ];
  expect(rankByCoverage(measured, touched)).toEqual(['two', 'one']);
});

test('a change that no function reaches counts for all that load it', () => {
  const measured = [
    { file: 'elsewhere', execution: execution([1], [2]) },
    { file: 'loads', execution: execution([], [89]) },
    { file: 'loads too', execution: execution([1], [93]) },
  ];
  expect(rankByCoverage(measured, touched)).toEqual(['loads', 'loads too']);
  expect(rankByCoverage(measured, new Map([['b.py', [{ from: 1, to: 9 }]]]))).toEqual([]);
});

test('lines of several processes count together', () => {
  const joined = joinExecutions([execution([1], [5]), execution([2]), new Map()]).get('a.py');
  expect(joined).toEqual({ inFunctions: new Set([1, 2]), atImport: new Set([5]) });
});
