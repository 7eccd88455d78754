/** Several replies from one call of Chat Completions, over the wire. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Critic, Model, ModelRequest } from '../../src/contracts/index.ts';
import { openReplayModel, recordingModel } from '../../src/model/cassette.ts';
import { type Courier, startOrAttachCourier } from '../../src/model/courier/courier-client.ts';
import { lookaheadModel } from '../../src/model/lookahead-model.ts';
import { openModel } from '../../src/model/open-model.ts';
import { Budget, budgetedModel } from '../../src/model/priced-model.ts';
import { openPriceBook } from '../../src/model/prices/price-book.ts';
import {
  type Behaviour,
  type FakeModelServer,
  startFakeModelServer,
} from '../support/fake-model-server/fake-model-server.ts';

const request: ModelRequest = {
  system: 'Be brief.',
  messages: [{ role: 'user', content: [{ type: 'text', text: 'hello' }] }],
  tools: [{ name: 'bash', description: 'runs', inputSchema: { type: 'object' } }],
  maxOutputTokens: 100,
};
const signal = new AbortController().signal;
const call = { callKey: 'r/i/1/1', signal };
const usage = { uncached: 20, cacheRead: 80, cacheWrite: 0, output: 21 };
const prices = await openPriceBook();
const THREE: Behaviour = {
  kind: 'reply',
  text: 'short',
  usage,
  choices: [{ text: 'a longer one' }, { text: 'x', calls: [{ name: 'bash', input: { command: 'ls' }, id: 'c9' }] }],
};

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(reference: string, behaviours: readonly Behaviour[], courier?: () => Promise<Courier>) {
  const queue = [...behaviours];
  const server: FakeModelServer = await startFakeModelServer(() => queue.shift() ?? { kind: 'status', status: 418 });
  closers.push(() => server.close());
  const model = await openModel(reference, {
    prices,
    env: { OPENAI_API_KEY: 'key', ANTHROPIC_API_KEY: 'key' },
    baseUrl: server.url,
    retry: { sleep: async () => {}, tries: 2 },
    ...(courier === undefined ? {} : { courier }),
  });
  return { model, server };
}

/** Prefers long texts. */
const critic: Critic = {
  name: 'longest',
  calibrated: false,
  score: async ({ messages }) => ({
    perTurn: [],
    final: JSON.stringify(messages.at(-1)).length,
    cost: { kind: 'measured', usd: 0 },
  }),
  close: async () => {},
};
const textsOf = ({ message, alternatives = [] }: Awaited<ReturnType<Model['complete']>>) =>
  [message, ...alternatives.map((one) => one.message)].map(({ content }) => content[0]);

describe.each(['openai-chat/gpt-5', 'openai-compatible/local-model'])('%s', (reference) => {
  test('one call brings all choices, whole, with one usage', async () => {
    const { model, server } = await open(reference, [THREE]);
    const reply = await model.complete({ ...request, choices: 3 }, call);
    expect(server.seen.map(({ body }) => body.n)).toEqual([3]);
    expect(textsOf(reply)).toEqual([
      { type: 'text', text: 'short' },
      { type: 'text', text: 'a longer one' },
      { type: 'text', text: 'x' },
    ]);
    const last = reply.alternatives?.[1];
    expect(last).toMatchObject({ stopReason: 'tool-use' });
    expect(last?.message.content[1]).toMatchObject({ type: 'tool-call', name: 'bash', input: { command: 'ls' } });
    expect(reply.usage).toMatchObject({ inputUncached: 20, cacheRead: 80, output: 21 });
  });

  test('a choice that is cut short is left out, and the lookahead asks for it again', async () => {
    const cut: Behaviour = { ...THREE, choices: [{ text: 'a longer one' }, { text: 'lost', cut: true }] };
    const { model, server } = await open(reference, [cut, { kind: 'reply', text: 'the longest of them all', usage }]);
    const reply = await lookaheadModel(model, { critic, count: 3 }).complete(request, call);
    expect(server.seen.map(({ body }) => body.n)).toEqual([3, undefined]);
    expect(reply.message.content).toMatchObject([{ text: 'the longest of them all' }]);
    expect(reply.lookahead).toMatchObject({ failed: 0, chosen: 2 });
  });

  test('a server that refuses several is asked for one at a time', async () => {
    const refusal: Behaviour = { kind: 'status', status: 400, body: { error: { message: 'n must be 1' } } };
    const one: Behaviour = { kind: 'reply', text: 'one', usage };
    const { model, server } = await open(reference, [refusal, one, { ...one, text: 'two and more' }]);
    const reply = await lookaheadModel(model, { critic, count: 2 }).complete(request, call);
    expect(server.seen.map(({ body }) => body.n)).toEqual([2, undefined, undefined]);
    expect(reply.message.content).toMatchObject([{ text: 'two and more' }]);
  });
});

test('where the wire format has no number of choices, none is sent', async () => {
  const reply: Behaviour = { kind: 'reply', text: 'one', usage };
  for (const reference of ['anthropic/claude-sonnet-4-5', 'openai/gpt-5']) {
    const { model, server } = await open(reference, [reply, reply]);
    const { lookahead } = await lookaheadModel(model, { critic, count: 2 }).complete(request, call);
    expect(lookahead?.candidates).toHaveLength(2);
    expect(server.seen.map(({ body }) => body.n)).toEqual([undefined, undefined]);
  }
});

test('the journal of the courier and a cassette bring all choices back', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-choices-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const opened = await open('openai-chat/gpt-5', [THREE], async () => {
    const courier = await startOrAttachCourier(folder);
    closers.push(() => courier.close());
    return courier;
  });
  const model = recordingModel(opened.model, join(folder, 'cassette.jsonl'));
  const live = await model.complete({ ...request, choices: 3 }, call);
  const again = await opened.model.complete({ ...request, choices: 3 }, call);
  expect(again.source).toBe('journal');
  expect(opened.server.seen).toHaveLength(1);
  const replay = await openReplayModel(join(folder, 'cassette.jsonl'));
  const replayed = await replay.complete({ ...request, choices: 3 }, call);
  expect([again, replayed].map(textsOf)).toEqual([textsOf(live), textsOf(live)]);
});

test('a budget holds the worst case of all choices', async () => {
  const { model, server } = await open('openai-chat/gpt-5', [THREE]);
  const worst = prices.cost('openai-chat/gpt-5', {
    inputUncached: 0,
    cacheRead: 0,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
    output: request.maxOutputTokens * 2,
    reasoning: null,
  });
  if (worst.kind === 'unknown') throw new Error('gpt-5 has a price');
  const held = budgetedModel(model, prices, new Budget(worst.usd, 0));
  await expect(held.complete({ ...request, choices: 3 }, call)).rejects.toMatchObject({ code: 'limit-cost' });
  expect(server.seen).toHaveLength(0);
});
