import { afterEach, expect, test } from 'vitest';
import {
  type CriticAnswer,
  type FakeCriticServer,
  startFakeCriticServer,
} from '../../../test/support/fake-critic-server.ts';
import type { Trajectory } from '../../contracts/index.ts';
import { judgeCritic } from './judge-critic.ts';
import { pairJudge } from './pair-judge.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});
const NOW = { signal: new AbortController().signal };

async function serve(answer: CriticAnswer): Promise<FakeCriticServer> {
  const server = await startFakeCriticServer(() => answer);
  closers.push(() => server.close());
  return server;
}

function attemptWith(patch: string, said: string): Trajectory {
  const text = (value: string) => [{ type: 'text' as const, text: value }];
  return {
    runId: 'r',
    instanceId: 'i',
    attempt: 1,
    repo: 'o/r',
    system: 'Be exact.',
    messages: [
      { role: 'user', content: text('Mend it.') },
      { role: 'assistant', content: text(said) },
    ],
    patch,
    outcome: null,
    totals: null,
  };
}
const LEFT = attemptWith('+left\n', 'Left it is.');
const RIGHT = attemptWith('+right\n', 'Right it is.');

const says = (content: string, more: object = {}): CriticAnswer => ({
  body: { choices: [{ message: { content } }], ...more },
});

async function compare(answer: CriticAnswer, view: 'patch' | 'trajectory' = 'patch') {
  const { url, seen } = await serve(answer);
  const result = await pairJudge({ url, model: 'j' }, { view }).compare(LEFT, RIGHT, NOW);
  return { ...result, shown: JSON.stringify(seen[0]?.body.messages) };
}

test('the chance that A is better: stated, by the word alone, or by log-probabilities', async () => {
  expect((await compare(says('A 80'))).firstBetter).toBe(0.8);
  expect((await compare(says('B 20'))).firstBetter).toBe(0.2);
  expect((await compare(says('B'))).firstBetter).toBe(0);
  const top = [
    { token: 'A', logprob: Math.log(0.2) },
    { token: 'B', logprob: Math.log(0.6) },
  ];
  const choice = { message: { content: 'B' }, logprobs: { content: [{ token: 'B', top_logprobs: top }] } };
  expect((await compare({ body: { choices: [choice] } })).firstBetter).toBeCloseTo(0.25);
});

test('an answer that names neither, or contradicts itself, is no answer', async () => {
  await expect(compare(says('Both are fine.'))).rejects.toMatchObject({ code: 'model-reply-malformed' });
  await expect(compare(says('B 90'))).rejects.toMatchObject({ code: 'model-reply-malformed' });
});

test('both changes are shown in their order, with what the agents did only when asked for', async () => {
  const patches = await compare(says('A'));
  expect(patches.shown).toMatch(/# Issue\\nMend it\..*# Attempt A.*\+left.*# Attempt B.*\+right/);
  expect(patches.shown).not.toContain('Left it is.');
  const whole = await compare(says('A'), 'trajectory');
  expect(whole.shown).toMatch(/# Attempt A.*Left it is\..*\+left.*# Attempt B.*Right it is\./);
});

test('the cost is what the server measured, else unknown', async () => {
  expect((await compare(says('A'))).cost).toEqual({ kind: 'unknown' });
  const paid = says('A', { usage: { prompt_tokens: 10, cost: 0.25 } });
  expect((await compare(paid)).cost).toEqual({ kind: 'measured', usd: 0.25 });
  const { url } = await serve(says('YES 70', { usage: { cost: 0.5 } }));
  const { cost, final } = await judgeCritic({ url, model: 'j' }, { view: 'patch' }).score(LEFT, NOW);
  expect({ cost, final }).toEqual({ cost: { kind: 'measured', usd: 0.5 }, final: 0.7 });
});
