import { expect, test } from 'vitest';
import { isTreated } from './random-assignment.ts';

function treated(runId: string, share: number, attempts: number, instance = 'one'): number[] {
  return Array.from({ length: attempts }, (_, i) => i + 1).filter((attempt) =>
    isTreated({ runId, attempts, share }, { instanceId: instance, attempt }),
  );
}

test('all, none, and half of each instance', () => {
  expect(treated('r', 1, 3)).toEqual([1, 2, 3]);
  expect(treated('r', 0, 3)).toEqual([]);
  for (let i = 0; i < 50; i++) expect(treated('r', 0.5, 4, `instance-${i}`)).toHaveLength(2);
});

test('the same run finds the same, another run draws anew', () => {
  const draws = (runId: string) => Array.from({ length: 20 }, (_, i) => treated(runId, 0.5, 4, `i-${i}`));
  expect(draws('a')).toEqual(draws('a'));
  expect(draws('a')).not.toEqual(draws('b'));
});

test('the chance of every attempt is the share, also where it does not divide', () => {
  const counts = [0, 0, 0];
  for (let i = 0; i < 6_000; i++)
    for (const attempt of treated('r', 0.4, 3, `i-${i}`)) counts[attempt - 1] = (counts[attempt - 1] ?? 0) + 1;
  for (const count of counts) expect(Math.abs(count / 6_000 - 0.4)).toBeLessThan(0.025);
  const single = Array.from({ length: 6_000 }, (_, i) => treated('r', 0.25, 1, `i-${i}`).length);
  expect(Math.abs(single.filter((one) => one === 1).length / 6_000 - 0.25)).toBeLessThan(0.025);
});
