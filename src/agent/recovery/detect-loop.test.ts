import { expect, test } from 'vitest';
import { detectLoop, type Turn } from './detect-loop.ts';

const turn = (action: string | null, observation = '', failed = false): Turn => ({ action, observation, failed });
const times = (count: number, ...turns: Turn[]) => Array.from({ length: count }, () => turns).flat();

test('the same call with the same result four times, three times when it fails', () => {
  expect(detectLoop([turn('a'), ...times(3, turn('b', 'x'))])).toBeNull();
  expect(detectLoop([turn('a'), ...times(4, turn('b', 'x'))])).toEqual({ kind: 'repetition', turns: 4 });
  expect(detectLoop(times(3, turn('b', 'x', true)))).toEqual({ kind: 'repetition', turns: 3 });
  expect(detectLoop([...times(3, turn('b', 'x')), turn('b', 'y')])).toBeNull();
});

test('two calls by turns, six in all', () => {
  const [a, b] = [turn('a'), turn('b')];
  expect(detectLoop(times(2, a, b))).toBeNull();
  expect(detectLoop([b, ...times(3, a, b)])).toEqual({ kind: 'alternation', turns: 7 });
  expect(detectLoop([...times(2, a, b), turn('c'), b])).toBeNull();
});

test('talk without calls', () => {
  expect(detectLoop(times(2, turn(null)))).toBeNull();
  expect(detectLoop([turn('a'), ...times(3, turn(null))])).toEqual({ kind: 'monologue', turns: 3 });
  expect(detectLoop([])).toBeNull();
});
