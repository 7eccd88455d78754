import { expect, test } from 'vitest';
import { stepLineOf } from '../../test/support/step-line.ts';
import { type AttemptIndex, emptyIndex } from './attempt-index.ts';
import { allLines, newLines } from './step-lines.ts';

/** As if an event of a hundred bytes had told of each of these steps, in this order. */
function tell(index: AttemptIndex, ...steps: readonly number[]): void {
  for (const step of steps) {
    index.steps.set(step, { line: stepLineOf(step, { revision: index.bytes }), places: [] });
    index.bytes += 100;
  }
}
const numbers = ({ steps }: ReturnType<typeof newLines>) => steps.map((line) => line.step);

test('who has some lines is sent those that are new or have changed', () => {
  const index = emptyIndex();
  tell(index, 1, 2, 3);
  const first = newLines(index, '');
  expect(first).toMatchObject({ adds: false, more: false, complete: false });
  expect(numbers(first)).toEqual([1, 2, 3]);
  expect(newLines(index, first.known)).toMatchObject({ steps: [], adds: true, known: first.known });
  tell(index, 4, 2);
  index.complete = true;
  const next = newLines(index, first.known);
  expect(next).toMatchObject({ adds: true, more: false, complete: true });
  expect(numbers(next)).toEqual([2, 4]);
  expect(numbers(allLines(index))).toEqual([1, 2, 3, 4]);
});

test('who has lines of another log is sent all', () => {
  const [before, index] = [emptyIndex(), emptyIndex()];
  tell(before, 1, 2, 3);
  tell(index, 1);
  const answer = newLines(index, newLines(before, '').known);
  expect(answer.adds).toBe(false);
  expect(numbers(answer)).toEqual([1]);
});

test('very many lines come one answer after the other, each line once', () => {
  const index = emptyIndex();
  tell(index, ...Array.from({ length: 10_000 }, (_, at) => at + 1));
  index.complete = true;
  const seen: number[] = [];
  let known = '';
  for (let answers = 0, more = true; more; answers++) {
    expect(answers).toBeLessThan(5);
    const answer = newLines(index, known);
    expect(answer.complete).toBe(!answer.more);
    seen.push(...numbers(answer));
    ({ known, more } = answer);
  }
  expect(seen).toEqual(allLines(index).steps.map((line) => line.step));
});
