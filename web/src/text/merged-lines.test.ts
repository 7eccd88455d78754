import { expect, test } from 'vitest';
import { stepLineOf } from '../../../test/support/step-line.ts';
import { mergedLines } from './merged-lines.ts';

const line = (step: number, revision: number) => stepLineOf(step, { revision });
const [one, two, three] = [line(1, 10), line(2, 20), line(3, 30)] as const;

test('new lines come behind, changed ones in their place, others stay what they are', () => {
  const newTwo = line(2, 25);
  const four = line(4, 40);
  expect(mergedLines([one, two, three], [four])).toEqual([one, two, three, four]);
  const merged = mergedLines([one, two, three], [newTwo, four]);
  expect(merged).toEqual([one, newTwo, three, four]);
  expect(merged[0]).toBe(one);
  expect(merged[2]).toBe(three);
});

test('nothing new, nothing before, and a step that comes late', () => {
  expect(mergedLines([one, two], [])).toEqual([one, two]);
  expect(mergedLines([], [one])).toEqual([one]);
  expect(mergedLines([one, three], [two])).toEqual([one, two, three]);
});
