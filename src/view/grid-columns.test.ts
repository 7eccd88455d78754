import { expect, test } from 'vitest';
import type { GridCell } from './documents.ts';
import { gridCells, gridColumns } from './grid-columns.ts';

const cell = (at: number, more: Partial<GridCell> = {}): GridCell => ({
  instanceId: `repo__name-${at % 7}`,
  attempt: at,
  state: 'finished',
  verdict: 'unresolved',
  outcome: 'done',
  steps: 40 + at,
  usd: at / 8,
  unknownCosts: 0,
  workingMs: 1000 * at,
  failure: null,
  score: null,
  repo: 'repo',
  folder: `repo__name-${at % 7}`,
  patchBytes: at,
  firstFailing: null,
  flag: null,
  ...more,
});

test('cells come back as they were', () => {
  const cells = [
    cell(1),
    cell(2, { score: { critic: 'embedded', value: 0 }, verdict: null, state: 'pending', outcome: null }),
    cell(3, { firstFailing: '', failure: 'limit-steps', instanceId: '__proto__', score: { critic: '', value: -1 } }),
  ];
  expect(gridCells(gridColumns(cells))).toEqual(cells);
  expect(gridCells(gridColumns([]))).toEqual([]);
});

test('a text stands once however many cells have it', () => {
  const cells = Array.from({ length: 700 }, (_, at) => cell(at));
  expect(gridColumns(cells).texts).toHaveLength(7 + 4);
  expect(JSON.stringify(gridColumns(cells)).length).toBeLessThan(JSON.stringify(cells).length / 3);
});
