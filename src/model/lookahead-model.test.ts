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
  const reply = await lookaheadModel(inner, { critic, count: 3 }).complete(request, call());
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
  await lookaheadModel(inner, { critic, count: 3 }).complete(request, call());
  expect(inner.callKeys).toEqual(['run/instance/2/7', 'run/instance/2/7~2', 'run/instance/2/7~3']);
  const [first = 0, second = 0, third = 0] = asked;
  expect(second - first).toBeGreaterThan(20);
  expect(third - second).toBeLessThan(20);
});

test('ties go to the earliest; no value at all leaves the first; a candidate that failed is counted', async () => {
  const tie = await lookaheadModel(new ModelDouble([says('?'), says('0.3'), says('0.3')]), {
    critic,
    count: 3,
  }).complete(request, call());
  expect(tie.lookahead?.chosen).toBe(1);
  expect(tie.cost).toEqual({ kind: 'unknown' });
  const none = await lookaheadModel(new ModelDouble([says('?'), says('?')]), { critic, count: 2 }).complete(
    request,
    call(),
  );
  expect(none.lookahead?.chosen).toBe(0);
  const gone = new AssayError('model-overloaded', 'busy', { class: 'model' });
  const one = await lookaheadModel(new ModelDouble([says('0.3'), gone]), { critic, count: 2 }).complete(
    request,
    call(),
  );
  expect(one.lookahead).toMatchObject({ failed: 1, candidates: [{ value: 0.3 }] });
  const first = lookaheadModel(new ModelDouble([gone]), { critic, count: 2 }).complete(request, call());
  await expect(first).rejects.toMatchObject({ code: 'model-overloaded' });
});

/** Brings several replies with one call, as Chat Completions does when it is asked for `n`. */
function severalAtOnce(inner: ModelDouble, texts: readonly string[]): ModelDouble {
  const complete = inner.complete.bind(inner);
  inner.complete = async (asked, options) => {
    const reply = await complete(asked, options);
    if (asked.choices === undefined) return reply;
    const alternatives = texts.map((text) => ({
      message: { role: 'assistant' as const, content: [textPart(text)] },
      stopReason: 'end' as const,
    }));
    return { ...reply, alternatives };
  };
  return inner;
}

test('one call that brings all replies is one call, paid once', async () => {
  const inner = severalAtOnce(new ModelDouble([says('0.2', { usd: 0.06 })]), ['0.9', '0.4']);
  const reply = await lookaheadModel(inner, { critic, count: 3 }).complete(request, call());
  expect(inner.requests.map(({ choices }) => choices)).toEqual([3]);
  expect(reply.message.content).toEqual([textPart('0.9')]);
  expect(reply.cost.kind === 'measured' && reply.cost.usd).toBeCloseTo(0.06 + 0.003, 9);
  expect(reply.usage).toMatchObject({ inputUncached: 10, output: 5 });
  expect(reply.alternatives).toBeUndefined();
  expect(reply.lookahead).toMatchObject({ chosen: 1, failed: 0 });
  expect(reply.lookahead?.candidates.map(({ sameCall }) => sameCall)).toEqual([undefined, true, true]);
  expect(modelReplySchema.parse(structuredClone(reply))).toEqual(reply);
});

test('what the first call does not bring comes from further calls', async () => {
  const inner = severalAtOnce(new ModelDouble([says('0.2'), says('0.8')]), ['0.4']);
  const reply = await lookaheadModel(inner, { critic, count: 3 }).complete(request, call());
  expect(inner.callKeys).toEqual(['run/instance/2/7', 'run/instance/2/7~3']);
  expect(reply.message.content).toEqual([textPart('0.8')]);
});

test('a server that refuses the number is asked without it, and not for it again', async () => {
  const refused = new AssayError('model-request-rejected', 'n must be 1', { class: 'model', retryable: false });
  const inner = new ModelDouble([refused, says('0.1'), says('0.2'), says('0.3'), says('0.4')]);
  const model = lookaheadModel(inner, { critic, count: 2 });
  await model.complete(request, call());
  await model.complete(request, call());
  expect(inner.requests.map(({ choices }) => choices)).toEqual([2, undefined, undefined, undefined, undefined]);
});

test('replies that were tried are valued with what their calls brought', async () => {
  const seen: unknown[] = [];
  const reader: Critic = {
    ...critic,
    async score({ messages }) {
      const last = messages.at(-1);
      seen.push(last?.role);
      const failed = last?.role === 'tool' && last.results.some(({ isError }) => isError);
      return { perTurn: [], final: last?.role === 'tool' ? Number(!failed) : 0.5, cost: { kind: 'measured', usd: 0 } };
    },
  };
  const result = (isError: boolean) => ({ callId: 'c', name: 'bash', content: [textPart('x')], isError }) as const;
  const trial = (isError: boolean) => ({ results: [{ ...result(isError), content: [] }], durationMs: 1 });
  const inner = new ModelDouble([says('fails'), says('works'), says('not tried')]);
  const model = lookaheadModel(inner, {
    critic: reader,
    count: 3,
    tryReplies: async (replies) => {
      expect(replies.map(({ content }) => content)).toEqual([
        [textPart('fails')],
        [textPart('works')],
        [textPart('not tried')],
      ]);
      return { trials: [trial(true), trial(false), null] };
    },
  });
  const { lookahead, message } = await model.complete(request, call());
  expect(seen).toEqual(['tool', 'tool', 'assistant']);
  expect(message.content).toEqual([textPart('works')]);
  expect(lookahead?.candidates.map((one) => [one.value, one.trial?.results[0]?.isError])).toEqual([
    [0, true],
    [1, false],
    [0.5, undefined],
  ]);
  expect(lookahead?.untried).toBeUndefined();
});

test('why nothing was tried stands in the reply', async () => {
  const model = lookaheadModel(new ModelDouble([says('0.1'), says('0.2')]), {
    critic,
    count: 2,
    tryReplies: async () => ({ trials: [null, null], untried: 'sandbox-create-failed: no room' }),
  });
  const { lookahead } = await model.complete(request, call());
  expect(lookahead).toMatchObject({ chosen: 1, untried: 'sandbox-create-failed: no room' });
});
