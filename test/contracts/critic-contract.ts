/** What every critic promises (`src/contracts/critic.ts`). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AssayError, type Critic, type ModelMessage, type Trajectory } from '../../src/contracts/index.ts';

export function describeCriticContract(name: string, open: () => Promise<Critic>): void {
  describe(name, () => {
    let critic: Critic;
    beforeAll(async () => {
      critic = await open();
    });
    afterAll(async () => {
      await critic.close();
      // Closing twice is closing once.
      await critic.close();
    });

    test('scores are finite, one value per turn or none, with a cost; probabilities where it says so', async () => {
      const { perTurn, final, cost } = await critic.score(attemptOf(3), going());
      expect(Number.isFinite(final)).toBe(true);
      expect([0, 3]).toContain(perTurn.length);
      expect(perTurn.every(Number.isFinite)).toBe(true);
      expect(['measured', 'priced', 'unknown']).toContain(cost.kind);
      if (critic.calibrated) expect(final >= 0 && final <= 1).toBe(true);
    });

    test('the same trajectory gets the same score, also many at once', async () => {
      const attempts = [1, 2, 3, 1, 2, 3].map(attemptOf);
      const scores = await Promise.all(attempts.map((one) => critic.score(one, going())));
      expect(scores.slice(0, 3)).toEqual(scores.slice(3));
    });

    test('an attempt without turns has a score, or an error that says why', async () => {
      const outcome = await critic.score(attemptOf(0), going()).then(
        ({ final }) => final,
        (error: unknown) => error,
      );
      if (typeof outcome === 'number') expect(Number.isFinite(outcome)).toBe(true);
      else expect(outcome).toBeInstanceOf(AssayError);
    });

    test('the trajectory is left as it was', async () => {
      const attempt = attemptOf(2);
      await critic.score(attempt, going());
      expect(attempt).toEqual(attemptOf(2));
    });
  });
}

function going(): { signal: AbortSignal } {
  return { signal: new AbortController().signal };
}

function attemptOf(turns: number): Trajectory {
  const text = (value: string) => [{ type: 'text' as const, text: value }];
  const turn = (at: number): ModelMessage[] => [
    {
      role: 'assistant',
      content: [
        ...text(`Turn ${at}.`),
        { type: 'tool-call', id: `c${at}`, name: 'bash', input: { command: `cat file${at}.py` } },
      ],
    },
    { role: 'tool', results: [{ callId: `c${at}`, name: 'bash', content: text('x = 1'), isError: false }] },
  ];
  return {
    runId: 'r',
    instanceId: 'i',
    attempt: turns + 1,
    repo: 'o/r',
    system: 'Be exact.',
    messages: [
      { role: 'user', content: text('Mend it.') },
      ...Array.from({ length: turns }, (_, at) => turn(at)).flat(),
    ],
    patch: 'diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n',
    outcome: { status: 'done', steps: turns },
    totals: null,
  };
}
