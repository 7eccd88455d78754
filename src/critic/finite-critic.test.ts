import { expect, test } from 'vitest';
import type { Trajectory } from '../contracts/index.ts';
import { finiteCritic } from './finite-critic.ts';

test('what is no number is refused, in the whole and in each turn', async () => {
  const { signal } = new AbortController();
  const score = (final: number, perTurn: number[]) =>
    finiteCritic({
      name: 'odd',
      calibrated: false,
      score: async () => ({ final, perTurn, cost: { kind: 'unknown' } }),
      close: async () => {},
    }).score({} as Trajectory, { signal });
  expect((await score(0.5, [0, 1])).final).toBe(0.5);
  for (const [final, perTurn] of [
    [Number.NaN, []],
    [Number.POSITIVE_INFINITY, []],
    [0.5, [0, Number.NaN]],
  ] as [number, number[]][])
    await expect(score(final, perTurn)).rejects.toMatchObject({ code: 'model-reply-malformed', failureClass: 'model' });
});
