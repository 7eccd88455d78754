import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Model, ModelRequest } from '../../src/contracts/index.ts';
import { openReplayModel, recordingModel } from '../../src/model/cassette.ts';
import { type Courier, startOrAttachCourier } from '../../src/model/courier/courier-client.ts';
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
  tools: [
    {
      name: 'bash',
      description: 'runs',
      inputSchema: { type: 'object', properties: { command: { type: 'string' } } },
      native: { anthropic: { type: 'bash_20250124' } },
    },
  ],
  maxOutputTokens: 100,
};
const signal = new AbortController().signal;
const usage = { uncached: 20, cacheRead: 80, cacheWrite: 0, output: 7 };
const prices = await openPriceBook();

let folder: string;
let server: FakeModelServer;
let courier: Courier | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-wire-'));
});
afterEach(async () => {
  courier?.close();
  courier = undefined;
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(
  reference: string,
  behaviours: Behaviour[],
  options: { courier?: boolean; idleMs?: number } = {},
): Promise<Model> {
  const queue = [...behaviours];
  server = await startFakeModelServer(() => queue.shift() ?? { kind: 'status', status: 418 });
  return openModel(reference, {
    prices,
    env: { ANTHROPIC_API_KEY: 'key', OPENAI_API_KEY: 'key' },
    baseUrl: server.url,
    retry: { sleep: async () => {}, tries: 5 },
    ...(options.idleMs === undefined ? {} : { idleMs: options.idleMs }),
    ...(options.courier === true ? { courier: async () => (courier = await startOrAttachCourier(folder)) } : {}),
  });
}

describe.each([
  ['anthropic/claude-sonnet-4-5', false],
  ['openai/gpt-5', false],
  ['openai-chat/gpt-5', false],
  ['openai-compatible/local-model', false],
  ['anthropic/claude-sonnet-4-5', true],
  ['openai/gpt-5', true],
] as const)('%s (courier: %s)', (reference, withCourier) => {
  const ask = async (behaviours: Behaviour[], key = 'r/i/1/1') =>
    (await open(reference, behaviours, { courier: withCourier })).complete(request, { callKey: key, signal });

  test('text, parallel tool calls, usage with cache, price', async () => {
    const reply = await ask([
      {
        kind: 'reply',
        text: 'héllo ☃',
        calls: [
          { name: 'bash', input: { command: 'ls' } },
          { name: 'bash', input: { command: 'pwd' } },
        ],
        usage,
      },
    ]);
    expect(reply.message.content).toMatchObject([
      { type: 'text', text: 'héllo ☃' },
      { type: 'tool-call', name: 'bash', input: { command: 'ls' } },
      { type: 'tool-call', name: 'bash', input: { command: 'pwd' } },
    ]);
    expect(reply.stopReason).toBe('tool-use');
    expect(reply.usage).toMatchObject({
      inputUncached: 20,
      cacheRead: 80,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      output: 7,
    });
    expect(reply.cost.kind).toBe(reference.startsWith('openai-compatible') ? 'unknown' : 'priced');
    expect(reply.rawUsage).not.toBeNull();
  });

  test('429 with retry-after, 500 and 529 are tried again and told', async () => {
    const reply = await ask([
      { kind: 'status', status: 429, headers: { 'retry-after': '2' } },
      { kind: 'status', status: 500 },
      { kind: 'status', status: 529 },
      { kind: 'reply', text: 'ok', usage },
    ]);
    expect(reply.retries.map((retry) => retry.failure.code)).toEqual([
      'model-rate-limited',
      'model-server-error',
      'model-overloaded',
    ]);
    expect(reply.retries[0]?.waitedMs).toBeGreaterThanOrEqual(2000);
  });

  test('cut streams, streams that stop half-way and garbage are tried again: never half a reply', async () => {
    const reply = await ask([
      { kind: 'cut', text: 'abcdef', usage },
      { kind: 'half', text: 'abcdef', usage },
      { kind: 'garbage' },
      { kind: 'reply', text: 'whole', usage },
    ]);
    expect(reply.message.content).toEqual([{ type: 'text', text: 'whole' }]);
    expect(reply.retries).toHaveLength(3);
  });

  test('what will not go away is not tried again', async () => {
    await expect(ask([{ kind: 'status', status: 401 }])).rejects.toMatchObject({ code: 'model-auth' });
    const overflow = {
      type: 'error',
      error: {
        type: 'invalid_request_error',
        code: 'context_length_exceeded',
        message: 'prompt is too long: 300000 tokens > 200000 maximum',
      },
    };
    await server.close();
    await expect(ask([{ kind: 'status', status: 400, body: overflow }], 'r/i/1/2')).rejects.toMatchObject({
      code: 'model-context-overflow',
    });
    expect(server.seen).toHaveLength(1);
  });

  test('a malformed tool input is kept as the model wrote it', async () => {
    const reply = await ask([{ kind: 'reply', calls: [{ name: 'bash', input: '{"command": "ls' }], usage }]);
    expect(reply.message.content).toMatchObject([{ type: 'tool-call', input: '{"command": "ls', malformed: true }]);
  });
});

test('silence ends a call as a timeout', async () => {
  const model = await open(
    'anthropic/claude-sonnet-4-5',
    [{ kind: 'silence' }, { kind: 'silence' }, { kind: 'reply', text: 'ok', usage }],
    { idleMs: 100 },
  );
  expect((await model.complete(request, { callKey: 'k', signal })).retries.map((retry) => retry.failure.code)).toEqual([
    'model-timeout',
    'model-timeout',
  ]);
});

test('Anthropic gets its own tool types and cache breakpoints on the system prompt and the last message', async () => {
  const model = await open('anthropic/claude-sonnet-4-5', [{ kind: 'reply', text: 'ok', usage }]);
  await model.complete(request, { callKey: 'k', signal });
  const body = JSON.stringify(server.seen[0]?.body);
  expect(body).toContain('"type":"bash_20250124"');
  expect(body.match(/"cache_control":\{"type":"ephemeral"\}/g)).toHaveLength(2);
});

test('a missing key and an unknown provider are errors before any work', async () => {
  await expect(openModel('anthropic/x', { prices, env: {} })).rejects.toMatchObject({
    code: 'model-key-missing',
    hint: expect.stringContaining('ANTHROPIC_API_KEY'),
  });
  await expect(openModel('nobody/x', { prices, env: {} })).rejects.toMatchObject({ code: 'model-unknown' });
});

test('a budget is held by many workers at once', async () => {
  const inner = await open(
    'anthropic/claude-haiku-4-5',
    Array.from(
      { length: 50 },
      (): Behaviour => ({
        kind: 'reply',
        text: 'ok',
        usage: { uncached: 100, cacheRead: 0, cacheWrite: 0, output: 100 },
      }),
    ),
  );
  const budget = new Budget(0.003);
  const model = budgetedModel(inner, prices, budget);
  const results = await Promise.allSettled(
    Array.from({ length: 50 }, (_, index) => model.complete(request, { callKey: String(index), signal })),
  );
  expect(
    results
      .filter((result) => result.status === 'rejected')
      .every((result) => (result as PromiseRejectedResult).reason.code === 'limit-cost'),
  ).toBe(true);
  expect(results.some((result) => result.status === 'fulfilled')).toBe(true);
  expect(budget.spentUsd).toBeLessThanOrEqual(0.003);
  await expect(async () => budgetedModel(await open('openai-compatible/x', []), prices, budget)).rejects.toMatchObject({
    code: 'model-price-unknown',
  });
});

test('what was recorded is replayed; another question is a miss that says where it differs', async () => {
  const cassette = join(folder, 'c.jsonl');
  const model = recordingModel(
    await open('anthropic/claude-sonnet-4-5', [
      { kind: 'reply', text: 'one', usage },
      { kind: 'reply', text: 'two', usage },
    ]),
    cassette,
  );
  for (const key of ['a', 'b']) await model.complete(request, { callKey: key, signal });
  const replay = await openReplayModel(cassette);
  const texts = [];
  for (const key of ['a', 'b'])
    texts.push((await replay.complete(request, { callKey: key, signal })).message.content[0]);
  expect(texts).toMatchObject([{ text: 'one' }, { text: 'two' }]);
  const other = {
    ...request,
    messages: [...request.messages, { role: 'user' as const, content: [{ type: 'text' as const, text: 'new' }] }],
  };
  await expect(replay.complete(other, { callKey: 'a', signal })).rejects.toMatchObject({
    code: 'replay-miss',
    message: expect.stringContaining('message 2 of 2'),
  });
});

describe('the courier', () => {
  test('a question is sent once, ever; the key never reaches the disk', async () => {
    const model = await open('anthropic/claude-sonnet-4-5', [{ kind: 'reply', text: 'paid', usage }], {
      courier: true,
    });
    expect((await model.complete(request, { callKey: 'r/i/1/1', signal })).source).toBe('live');
    const again = await model.complete(request, { callKey: 'r/i/1/1', signal });
    expect(again).toMatchObject({ source: 'journal', message: { content: [{ text: 'paid' }] } });
    expect(server.seen).toHaveLength(1);
    const { body } = JSON.parse(readFileSync(join(folder, `${again.journalEntry}.json`), 'utf8'));
    expect(Buffer.from(body, 'base64').toString()).toMatch(/message_start[\s\S]*message_stop/);
    expect(
      readdirSync(folder)
        .map((name) => readFileSync(join(folder, name), 'utf8'))
        .join(),
    ).not.toContain('"key"');
  });

  test('a reply that came while the asking process was killed is found by the next one', async () => {
    server = await startFakeModelServer(() => ({ kind: 'reply', text: 'late', usage, delayMs: 600 }));
    const script = `
      import { startOrAttachCourier } from ${JSON.stringify(join(import.meta.dirname, '../../src/model/courier/courier-client.ts'))};
      const courier = await startOrAttachCourier(${JSON.stringify(folder)});
      console.log('asking');
      await courier.fetchFor('key').fetch(${JSON.stringify(`${server.url}/messages`)}, { method: 'POST', body: '{}' });`;
    const child = spawn(
      process.execPath,
      ['--import', createRequire(import.meta.url).resolve('tsx'), '--input-type=module', '-e', script],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await new Promise((resolve) => child.stdout.once('data', resolve));
    while (server.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill('SIGKILL');
    courier = await startOrAttachCourier(folder);
    const response = await courier.fetchFor('key').fetch(`${server.url}/messages`, { method: 'POST', body: '{}' });
    expect(await response.text()).toContain('message_stop');
    expect(server.seen).toHaveLength(1);
  });
});
