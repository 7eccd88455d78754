import { afterEach, expect, test } from 'vitest';
import {
  type Answering,
  type CriticAnswer,
  type FakeCriticServer,
  poolingAnswers,
  startFakeCriticServer,
  tokensOf,
} from '../../../test/support/fake-critic-server.ts';
import type { Trajectory } from '../../contracts/index.ts';
import type { ChatMessage } from '../chat/chat-messages.ts';
import { judgeCritic } from './judge-critic.ts';
import { poolingCritic } from './pooling-critic.ts';
import { RUBRIC_LABELS, rubricCritic } from './rubric-critic.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(answering: Answering): Promise<FakeCriticServer> {
  const server = await startFakeCriticServer(answering);
  closers.push(() => server.close());
  return server;
}

const text = (value: string) => [{ type: 'text' as const, text: value }];

const TRAJECTORY: Trajectory = {
  runId: 'r',
  instanceId: 'i',
  attempt: 1,
  repo: 'o/r',
  system: 'Be exact.',
  messages: [
    { role: 'user', content: text('Mend it.') },
    {
      role: 'assistant',
      content: [...text('Look.'), { type: 'tool-call', id: '1', name: 'bash', input: { command: 'ls\npwd', n: 2 } }],
    },
    { role: 'tool', results: [{ callId: '1', name: 'bash', content: text('a.py'), isError: false }] },
    { role: 'assistant', content: text('Done.') },
  ],
  patch: 'diff --git a/a.py b/a.py\n',
  outcome: null,
  totals: null,
};

const NOW = { signal: new AbortController().signal };

test('pooling: the value of a turn is the one at its end token, numbers bare or in lists', async () => {
  for (const wrap of [false, true]) {
    const { url, seen } = await serve(poolingAnswers({ wrap }));
    const { perTurn, final, cost } = await poolingCritic({ url, model: 'critic', apiKey: 'k' }).score(TRAJECTORY, NOW);
    const sent = seen[0]?.body.messages as ChatMessage[];
    const ends = tokensOf(sent).flatMap((token, at) => (token === 151645 ? [at / 1000] : []));
    expect(perTurn).toEqual([ends[2], ends[4]]);
    expect(final).toBe(ends[4]);
    expect(cost).toEqual({ kind: 'unknown' });
    expect(seen[0]).toMatchObject({ path: '/pooling', auth: 'Bearer k', body: { model: 'critic' } });
    expect(sent[2]?.content).toBe(
      'Look.\n\n<function=bash>\n<parameter=command>\nls\npwd\n</parameter>\n<parameter=n>2</parameter>\n</function>',
    );
    expect(sent[3]).toEqual({ role: 'user', content: 'EXECUTION RESULT of [bash]:\na.py' });
  }
});

test('pooling: a cut conversation, odd shapes and an attempt without turns give no score', async () => {
  const code = async (answering: Answering, trajectory = TRAJECTORY) => {
    const { url } = await serve(answering);
    return await poolingCritic({ url, model: 'm', baseMs: 1, tries: 2 })
      .score(trajectory, NOW)
      .then(
        () => 'scored',
        (error: { code?: string }) => error.code,
      );
  };
  expect(await code(poolingAnswers({ cut: 60 }))).toBe('model-reply-malformed');
  expect(await code(() => ({ body: { data: [{ data: [1, 2], prompt_token_ids: [1] }] } }))).toBe(
    'model-reply-malformed',
  );
  expect(await code(() => ({ body: { data: [] } }))).toBe('model-reply-malformed');
  expect(await code(() => ({ body: 'no json' }))).toBe('model-reply-malformed');
  expect(await code(poolingAnswers(), { ...TRAJECTORY, messages: [] })).toBe('model-request-rejected');
  expect(
    await code(() => ({ status: 400, body: { message: "This model's maximum context length is 32768 tokens" } })),
  ).toBe('model-context-overflow');
  expect(await code(() => ({ status: 401, body: {} }))).toBe('model-auth');
  expect(await code(() => 'hang-up')).toMatch(/^model-(unreachable|stream-cut)$/);
});

test('what may go away is tried again, what does not is not, and silence ends', async () => {
  const flaky = await serve((body, path, nth) =>
    nth < 3 ? { status: 503, body: 'busy' } : poolingAnswers()(body, path, nth),
  );
  await poolingCritic({ url: flaky.url, model: 'm', baseMs: 1 }).score(TRAJECTORY, NOW);
  expect(flaky.seen).toHaveLength(3);
  const refusing = await serve(() => ({ status: 422, body: 'no' }));
  await expect(
    poolingCritic({ url: refusing.url, model: 'm', baseMs: 1 }).score(TRAJECTORY, NOW),
  ).rejects.toMatchObject({ code: 'model-request-rejected' });
  expect(refusing.seen).toHaveLength(1);
  const silent = await serve(() => 'silence');
  const critic = poolingCritic({ url: silent.url, model: 'm', timeoutMs: 800, tries: 2, baseMs: 1 });
  await expect(critic.score(TRAJECTORY, NOW)).rejects.toMatchObject({ code: 'model-timeout' });
  expect(silent.seen).toHaveLength(2);
});

test('rubrics: structured tool calls are in the rendered text, labels are checked by number', async () => {
  const labels = RUBRIC_LABELS['openhands-4b-v1.0'] ?? [];
  expect(labels).toHaveLength(27);
  const { url, seen } = await serve(() => ({ body: { data: [{ probs: labels.map((_, at) => at / 100 + 0.5) }] } }));
  const critic = rubricCritic({ url, model: 'rubric' }, labels);
  expect((await critic.score(TRAJECTORY, NOW)).final).toBe(0.5);
  expect((await critic.rubrics(TRAJECTORY, NOW.signal)).loop_behavior).toBeCloseTo(0.59);
  expect(seen[0]).toMatchObject({ path: '/classify' });
  expect(seen[0]?.body.input).toBe(
    '<|im_start|>system\nBe exact.<|im_end|>\n<|im_start|>user\nMend it.<|im_end|>\n' +
      '<|im_start|>assistant\nLook.\n<tool_call>\n{"name": "bash", "arguments": {"command": "ls\\npwd", "n": 2}}\n</tool_call><|im_end|>\n' +
      '<|im_start|>user\n<tool_response>\na.py\n</tool_response><|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\nDone.<|im_end|>\n',
  );
  const other = await serve(() => ({ body: { data: [{ probs: [0.5] }] } }));
  await expect(rubricCritic({ url: other.url, model: 'm' }, labels).score(TRAJECTORY, NOW)).rejects.toMatchObject({
    code: 'model-reply-malformed',
  });
});

test('judge: log-probabilities where there are some, else the rating, else no score', async () => {
  const choice = (content: string, top?: Record<string, number>) => ({
    body: {
      choices: [
        {
          message: { content },
          ...(top === undefined
            ? {}
            : {
                logprobs: {
                  content: [
                    {
                      token: 'YES',
                      top_logprobs: Object.entries(top).map(([token, p]) => ({ token, logprob: Math.log(p) })),
                    },
                  ],
                },
              }),
        },
      ],
    },
  });
  const score = async (answer: CriticAnswer, view: 'patch' | 'trajectory' = 'patch') => {
    const { url, seen } = await serve(() => answer);
    const { final } = await judgeCritic({ url, model: 'j' }, { view, maxCharacters: 60 }).score(TRAJECTORY, NOW);
    return { final, shown: JSON.stringify(seen[0]?.body.messages) };
  };
  expect((await score(choice('YES 10', { YES: 0.6, Yes: 0.1, NO: 0.1 }))).final).toBeCloseTo(0.875);
  expect((await score(choice('NO 20'))).final).toBe(0.2);
  expect((await score(choice('YES'))).final).toBe(1);
  await expect(score(choice('Hard to say.'))).rejects.toMatchObject({ code: 'model-reply-malformed' });
  expect((await score(choice('NO'))).shown).toContain('# Issue\\nMend it.');
  const whole = await score(choice('NO'), 'trajectory');
  expect(whole.shown).toContain('characters cut');
  expect(whole.shown).toContain('diff --git');
});

test('a server that asks for an hour is asked again much earlier, and the wait can be cancelled', async () => {
  const busy = { status: 429, headers: { 'retry-after': '3600' }, body: {} };
  const answer = { body: { choices: [{ message: { content: 'YES 70' } }] } };
  const { url } = await serve((_body, _path, nth) => (nth === 1 ? busy : answer));
  const critic = judgeCritic({ url, model: 'm', maxWaitMs: 5 }, { view: 'patch' });
  expect((await critic.score(TRAJECTORY, NOW)).final).toBe(0.7);
  const always = await serve(() => busy);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 100);
  const waiting = judgeCritic({ url: always.url, model: 'm' }, { view: 'patch' });
  await expect(waiting.score(TRAJECTORY, { signal: stop.signal })).rejects.toMatchObject({ code: 'cancelled' });
});
