import { expect, test } from 'vitest';
import { type DoubleLine, ModelDouble, textPart } from '../../test/support/model-double.ts';
import { AssayError, type Critic, type ModelRequest, modelReplySchema } from '../contracts/index.ts';
import { lookaheadModel } from './lookahead-model.ts';

const request: ModelRequest = {
  system: 'Be brief.',
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Go.' }] }],
  tools: [],
  maxOutputTokens: 10,
};
const says = (text: string, more: Partial<DoubleLine> = {}): DoubleLine => ({ content: [textPart(text)], ...more });
const call = () => ({ callKey: 'run/instance/2/7', signal: new AbortController().signal });

/** Values a reply by its text; `?` has no value. */
const critic: Critic = {
  name: 'reader',
  calibrated: false,
  async score({ messages, instanceId, attempt }) {
    expect([instanceId, attempt]).toEqual(['instance', 2]);
    const last = messages.at(-1);
    const part = last?.role === 'assistant' ? last.content[0] : undefined;
    const text = part?.type === 'text' ? part.text : '';
    if (text === '?') throw new AssayError('model-timeout', 'too slow', { class: 'model' });
    return { perTurn: [9, Number(text)], final: 9, cost: { kind: 'measured', usd: 0.001 } };
  },
  async close() {},
};

test('the reply of the highest value is taken; all are paid for and logged', async () => {
  const inner = new ModelDouble([says('0.2'), says('0.7', { usd: 0.05 }), says('0.5')]);
  const reply = await lookaheadModel(inner, critic, 3).complete(request, call());
  expect(reply.message.content).toEqual([textPart('0.7')]);
  expect(reply.cost).toMatchObject({ kind: 'measured' });
  expect(reply.cost.kind === 'measured' && reply.cost.usd).toBeCloseTo(0.01 + 0.05 + 0.01 + 0.003, 9);
  expect(reply.usage).toMatchObject({ inputUncached: 30, output: 15 });
  expect(reply.lookahead).toMatchObject({ chosen: 1, failed: 0, critic: 'reader', criticCost: { usd: 0.003 } });
  expect(reply.lookahead?.candidates.map((one) => one.value)).toEqual([0.2, 0.7, 0.5]);
  expect(modelReplySchema.parse(structuredClone(reply))).toEqual(reply);
});

test('the first call goes alone, with the key of the step; the others follow together', async () => {
  const inner = new ModelDouble([
    says('0.1', { latencyMs: 30 }),
    says('0', { latencyMs: 30 }),
    says('0', { latencyMs: 30 }),
  ]);
  const asked: number[] = [];
  const complete = inner.complete.bind(inner);
  inner.complete = (...args) => {
    asked.push(performance.now());
    return complete(...args);
  };
  await lookaheadModel(inner, critic, 3).complete(request, call());
  expect(inner.callKeys).toEqual(['run/instance/2/7', 'run/instance/2/7~2', 'run/instance/2/7~3']);
  const [first = 0, second = 0, third = 0] = asked;
  expect(second - first).toBeGreaterThan(20);
  expect(third - second).toBeLessThan(20);
});

test('ties go to the earliest; no value at all leaves the first; a candidate that failed is counted', async () => {
  const tie = await lookaheadModel(new ModelDouble([says('?'), says('0.3'), says('0.3')]), critic, 3).complete(
    request,
    call(),
  );
  expect(tie.lookahead?.chosen).toBe(1);
  expect(tie.cost).toEqual({ kind: 'unknown' });
  const none = await lookaheadModel(new ModelDouble([says('?'), says('?')]), critic, 2).complete(request, call());
  expect(none.lookahead?.chosen).toBe(0);
  const gone = new AssayError('model-overloaded', 'busy', { class: 'model' });
  const one = await lookaheadModel(new ModelDouble([says('0.3'), gone]), critic, 2).complete(request, call());
  expect(one.lookahead).toMatchObject({ failed: 1, candidates: [{ value: 0.3 }] });
  const first = lookaheadModel(new ModelDouble([gone]), critic, 2).complete(request, call());
  await expect(first).rejects.toMatchObject({ code: 'model-overloaded' });
});
