import { expect, it } from 'vitest';
import type { StepLine } from '../../../src/view/documents.ts';
import { stepLineOf } from '../../../test/support/step-line.ts';
import { alignSteps } from './align-steps.ts';

const line = (title: string, more: Partial<StepLine> = {}) => stepLineOf(1, { title, ...more });
const steps = (...titles: string[]) => titles.map((title) => line(title));
const shape = (left: readonly StepLine[], right: readonly StepLine[]) =>
  alignSteps(left, right).map(({ left: i, right: j, kind }) => `${i ?? '-'}${j ?? '-'} ${kind}`);

it('pairs what both did, in order, and keeps what only one did where it was done', () => {
  expect(shape(steps('ls', 'cat a', 'pytest', 'git diff'), steps('ls', 'pytest', 'make', 'git diff'))).toEqual([
    '00 same',
    '1- only',
    '21 same',
    '-2 only',
    '33 same',
  ]);
});

it('pairs edits of the same file and runs of the same program as similar, an equal step before a similar one', () => {
  const edit = (title: string, file: string) => line(title, { tools: ['edit'], edited: [file] });
  expect(shape([edit('x', '/a'), line('grep -n b')], [edit('y', '/a'), line('grep -rn b .')])).toEqual([
    '00 similar',
    '11 similar',
  ]);
  expect(shape(steps('a 1', 'a 2', 'end'), steps('b', 'a 2', 'other'))).toContain('11 same');
});

it('holds every step of both sides once, whatever they are', () => {
  const left = Array.from({ length: 60 }, (_, at) => line(`program${(at * 7) % 11} ${at % 5}`));
  const right = Array.from({ length: 45 }, (_, at) => line(`program${(at * 5) % 11} ${at % 4}`));
  const aligned = alignSteps(left, right);
  const places = (side: 'left' | 'right') => aligned.flatMap((one) => one[side] ?? []);
  expect(places('left')).toEqual(left.map((_, at) => at));
  expect(places('right')).toEqual(right.map((_, at) => at));
});

it('puts parts that are too long one after the other', () => {
  const many = (word: string) => Array.from({ length: 4_100 }, (_, at) => line(`${word} ${at}`));
  const aligned = alignSteps([line('start'), ...many('a')], [line('start'), ...many('b')]);
  expect(aligned).toHaveLength(8_201);
  expect(aligned[0]?.kind).toBe('same');
});
