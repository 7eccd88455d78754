import { expect, test } from 'vitest';
import type { Critic, Trajectory } from '../contracts/index.ts';
import { firstCritic, lastCritic, oracleCritic, randomCritic, shortestCritic } from './baseline-critics.ts';

function trajectory(attempt: number, turns: number): Trajectory {
  return {
    runId: 'run',
    instanceId: 'one',
    attempt,
    repo: 'repo',
    system: '',
    messages: Array.from({ length: turns }, () => ({
      role: 'assistant' as const,
      content: [{ type: 'text' as const, text: 'a turn' }],
    })),
    patch: '',
    outcome: null,
    totals: null,
  };
}

const ATTEMPTS = [trajectory(1, 9), trajectory(2, 3), trajectory(3, 5)];

async function best(critic: Critic): Promise<number> {
  const { signal } = new AbortController();
  const scores = await Promise.all(ATTEMPTS.map(async (one) => (await critic.score(one, { signal })).final));
  return scores.indexOf(Math.max(...scores)) + 1;
}

test('each baseline prefers what its name says', async () => {
  expect(await best(firstCritic)).toBe(1);
  expect(await best(lastCritic)).toBe(3);
  expect(await best(shortestCritic)).toBe(2);
  expect(await best(oracleCritic(({ attempt }) => attempt === 2))).toBe(2);
});

test('the random critic is the same for the same seed, spreads over [0, 1) and changes with the seed', async () => {
  const { signal } = new AbortController();
  const scores = async (seed: number) =>
    Promise.all(
      Array.from(
        { length: 400 },
        async (_, i) => (await randomCritic(seed).score(trajectory(i + 1, 1), { signal })).final,
      ),
    );
  const once = await scores(7);
  expect(await scores(7)).toEqual(once);
  expect(await scores(8)).not.toEqual(once);
  const mean = once.reduce((a, b) => a + b, 0) / once.length;
  expect(mean).toBeGreaterThan(0.45);
  expect(mean).toBeLessThan(0.55);
  expect(Math.max(...once)).toBeLessThan(1);
  expect(Math.min(...once)).toBeGreaterThanOrEqual(0);
});

test('baselines cost nothing and say so by measurement', async () => {
  const { signal } = new AbortController();
  expect(await firstCritic.score(trajectory(1, 0), { signal })).toEqual({
    perTurn: [],
    final: -1,
    cost: { kind: 'measured', usd: 0 },
  });
});
