import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentBench } from '../../test/support/agent-bench.ts';
import { callPart, type DoubleLine, ModelDouble, textPart } from '../../test/support/model-double.ts';
import { digestOf } from '../base/digest.ts';
import { type AgentContext, type AgentEvent, AssayError, type Workspace } from '../contracts/index.ts';
import { SAYINGS } from './judge-reply.ts';
import { createTwoToolAgent } from './two-tool-agent.ts';

let bench: AgentBench;
let ids = 0;
beforeEach(() => {
  bench = new AgentBench();
  ids = 0;
});
afterEach(() => bench.close());

const call = (input: unknown, name = 'bash') => callPart(`call-${++ids}`, name, input);
const bash = (command: string): DoubleLine => ({ content: [call({ command })] });
const done: DoubleLine = { content: [textPart('done')] };

/** Runs a script to its end; lines that are left over fail the test. */
async function play(lines: readonly (DoubleLine | AssayError)[], more: Partial<AgentContext> = {}) {
  const model = new ModelDouble(lines);
  const outcome = await bench.run(createTwoToolAgent(), model, more);
  await model.close();
  return { outcome, requests: model.requests, callKeys: model.callKeys };
}

describe('a conversation', () => {
  test('works with both tools until the model is done; the history only grows', async () => {
    const edit = { command: 'str_replace', path: bench.path('a.txt'), old_str: 'hello', new_str: 'bye' };
    const { outcome, requests, callKeys } = await play([
      { content: [textPart('look'), call({ command: 'echo hello > a.txt; cd /; pwd' })] },
      { content: [call(edit, 'str_replace_based_edit_tool'), call({ command: 'pwd; exit 3' })] },
      done,
    ]);
    expect(outcome).toEqual({ status: 'done', steps: 3, finalMessage: 'done' });
    expect(readFileSync(bench.path('a.txt'), 'utf8')).toBe('bye\n');
    expect(bench.observations).toEqual([
      '/',
      expect.stringContaining('has been edited'),
      expect.stringMatching(/^\/\n\[the shell exited with code 3;/),
    ]);
    expect(callKeys).toEqual(['run/instance/1/1', 'run/instance/1/2', 'run/instance/1/3']);
    for (const [index, request] of requests.entries()) {
      const before = requests[index - 1];
      if (before !== undefined) expect(request.messages.slice(0, before.messages.length)).toEqual(before.messages);
      expect({ ...request, messages: [] }).toEqual({ ...requests[0], messages: [] });
      const start = bench.events.find((event) => event.type === 'step-start' && event.step === index + 1);
      expect(start).toMatchObject({ requestDigest: digestOf(request) });
    }
  });

  test('starts with the issue, taken literally, and its images', async () => {
    const image = { name: 'a.png', mediaType: 'image/png', data: Buffer.from('pixels') };
    const { requests } = await play([done], { images: [image] });
    expect(requests[0]?.messages[0]).toMatchObject({
      role: 'user',
      content: [
        { type: 'text', text: expect.stringContaining('It prints $& and {{workdir}}.') },
        { type: 'image', mediaType: 'image/png', data: Buffer.from('pixels').toString('base64') },
      ],
    });
    const [first] = bench.events;
    expect(first).toMatchObject({ type: 'prompt-start', firstMessage: requests[0]?.messages[0] });
  });

  test('each event is durable before the next thing happens', async () => {
    const order: string[] = [];
    let writing = 0;
    await play([bash('touch acted'), done], {
      emit: async (event) => {
        expect(writing, `${event.type} while another event is written`).toBe(0);
        writing++;
        const acted = existsSync(bench.path('acted'));
        await new Promise((resolve) => setTimeout(resolve, 20));
        expect(existsSync(bench.path('acted'))).toBe(acted);
        writing--;
        order.push(`${event.type}${acted ? ' acted' : ''}`);
      },
    });
    expect(order).toEqual([
      'prompt-start',
      'step-start',
      'reply-end',
      'tool-start',
      'tool-end acted',
      'step-end acted',
      'step-start acted',
      'reply-end acted',
      'step-end acted',
    ]);
  });

  test('calls of one reply run in order and are all answered, also when ids repeat', async () => {
    const { requests } = await play([
      {
        content: ['one', 'two', 'three'].map((word) =>
          callPart('same', 'bash', { command: `echo ${word} >> log; cat log` }),
        ),
      },
      done,
    ]);
    expect(bench.observations).toEqual(['one', 'one\ntwo', 'one\ntwo\nthree']);
    expect(requests[1]?.messages.at(-1)).toMatchObject({ role: 'tool', results: [{}, {}, {}] });
  });
});

describe('unusable replies', () => {
  test('unusable calls are answered as errors; three turns in a row of nothing else end the attempt', async () => {
    const { outcome } = await play([
      { content: [callPart('a', 'bash', '{"command": ', true)] },
      { content: [call({ command: 'x' }, 'no_such_tool'), call({ command: 7 })] },
      bash('echo fine'),
      { content: [call('junk')] },
      { content: [call({ command: 'view' }, 'str_replace_based_edit_tool')] },
      { content: [call({})] },
    ]);
    expect(bench.observations.slice(0, 4)).toEqual([
      expect.stringContaining('not a JSON object'),
      expect.stringContaining('There is no tool named no_such_tool. The tools are: bash, str_replace_based_edit_tool'),
      expect.stringContaining('does not fit the tool'),
      'fine',
    ]);
    expect(bench.toolEnds.map((end) => end.result.isError)).toEqual([true, true, true, false, true, true, true]);
    expect(outcome).toMatchObject({ status: 'failed', steps: 6, failure: { code: 'model-reply-malformed' } });
  });

  test('one usable call among unusable ones keeps the attempt going', async () => {
    const mixed = () => ({ content: [call('junk'), call({ command: 'true' })] });
    expect((await play([mixed(), mixed(), mixed(), mixed(), done])).outcome.status).toBe('done');
  });

  test('a call that the output limit cut off is named so', async () => {
    await play([{ content: [callPart('a', 'bash', '{"comm', true)], stopReason: 'max-tokens' }, done]);
    expect(bench.observations[0]).toContain('cut off by the output limit');
  });

  test('a cut-off answer is asked to go on, at most three times in a row', async () => {
    const cut: DoubleLine = { content: [textPart('half')], stopReason: 'max-tokens' };
    const { outcome, requests } = await play([cut, cut, cut, bash('true'), cut, done]);
    expect(outcome.status).toBe('done');
    expect(requests[1]?.messages.at(-1)).toEqual({ role: 'user', content: [{ type: 'text', text: SAYINGS.goOn }] });
    expect((await play([cut, cut, cut, cut])).outcome).toMatchObject({
      status: 'limit',
      failure: { code: 'limit-output' },
    });
  });

  test('an empty answer is nudged once; what is sent back is never blank', async () => {
    const blank: DoubleLine = { content: [textPart(' \n')] };
    const { outcome, requests } = await play([
      blank,
      { content: [textPart(''), call({ command: 'true' })] },
      blank,
      blank,
    ]);
    expect(outcome).toEqual({ status: 'done', steps: 4, finalMessage: '' });
    expect(requests[1]?.messages.slice(1)).toEqual([
      { role: 'assistant', content: [{ type: 'text', text: '(empty)' }] },
      { role: 'user', content: [{ type: 'text', text: SAYINGS.nudge }] },
    ]);
    expect(requests[2]?.messages[3]).toMatchObject({ content: [{ type: 'tool-call' }] });
    const reply = bench.events.find((event) => event.type === 'reply-end');
    expect(reply).toMatchObject({ reply: { message: { content: [{ type: 'text', text: ' \n' }] } } });
  });

  test('a refusal fails the attempt, and its calls are not run', async () => {
    const { outcome } = await play([
      { content: [textPart('no'), call({ command: 'touch acted' })], stopReason: 'refusal' },
    ]);
    expect(outcome).toMatchObject({ status: 'failed', finalMessage: 'no', failure: { code: 'model-refusal' } });
    expect(existsSync(bench.path('acted'))).toBe(false);
  });
});

describe('limits', () => {
  const limits = { steps: 9, wallSeconds: 60, commandSeconds: 10 };

  test.each([
    ['steps', { steps: 2 }, 'limit-steps', 2],
    ['tokens', { tokens: 30 }, 'limit-tokens', 2],
    ['dollars', { costUsd: 0.02 }, 'limit-cost', 2],
    ['context', { contextTokens: 15 }, 'limit-context', 1],
  ])('ends at the limit of %s', async (_name, own, code, steps) => {
    const lines = Array.from({ length: steps }, () => bash('true'));
    const { outcome } = await play(lines, { limits: { ...limits, ...own } });
    expect(outcome).toMatchObject({ status: 'limit', steps, failure: { code, class: 'limit' } });
  });

  test("the model's own context is a limit, with a reserve", async () => {
    const model = new ModelDouble([{ ...bash('true'), tokens: 9_000 }]);
    model.contextTokens = 10_000;
    const outcome = await bench.run(createTwoToolAgent(), model);
    expect(outcome).toMatchObject({ status: 'limit', steps: 1, failure: { code: 'limit-context' } });
  });

  test('the sum of the known costs is what counts towards the dollars', async () => {
    const { outcome } = await play(
      [
        { ...bash('true'), usd: null },
        { ...bash('true'), usd: 0.5 },
      ],
      {
        limits: { ...limits, costUsd: 0.5 },
      },
    );
    expect(outcome).toMatchObject({ steps: 2, failure: { code: 'limit-cost' } });
  });

  test.each([
    ['a command', [{ content: [callPart('c', 'bash', { command: 'sleep 30' })] }], 1],
    ['a reply', [{ content: [textPart('late')], latencyMs: 30_000 }], 0],
  ])('wall time ends %s under way', async (_name, lines, steps) => {
    const started = performance.now();
    const { outcome } = await play(lines, { limits: { ...limits, wallSeconds: 0.3 } });
    expect(outcome).toMatchObject({ status: 'limit', steps, failure: { code: 'limit-wall-time' } });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('wall time of earlier processes counts', async () => {
    const { outcome } = await play([], { limits: { ...limits, wallSeconds: 10 }, elapsedMs: 10_000 });
    expect(outcome).toMatchObject({ status: 'limit', steps: 0, failure: { code: 'limit-wall-time' } });
  });

  test('a context that the provider calls full is a limit, and so is a budget', async () => {
    const overflow = new AssayError('model-context-overflow', 'too long', { class: 'model', retryable: false });
    expect((await play([bash('true'), overflow])).outcome).toMatchObject({
      status: 'limit',
      steps: 1,
      failure: { code: 'limit-context', class: 'limit' },
    });
    expect((await play([{ content: [], stopReason: 'context-overflow' }])).outcome).toMatchObject({
      failure: { code: 'limit-context' },
    });
    const budget = new AssayError('limit-cost', 'the run has no dollars left', { class: 'limit', retryable: false });
    expect((await play([budget])).outcome).toMatchObject({ status: 'limit', failure: { code: 'limit-cost' } });
  });
});

describe('stopping and failing', () => {
  test('pauses after the step under way', async () => {
    let asked = 0;
    const { outcome } = await play([bash('true'), bash('true')], { shouldPause: () => ++asked > 2 });
    expect(outcome).toEqual({ status: 'paused', steps: 2 });
  });

  test('an abort kills the command under way and pauses at once', async () => {
    const controller = new AbortController();
    const started = performance.now();
    const { outcome } = await play([bash('echo $$ > pid; touch started; sleep 60')], {
      signal: controller.signal,
      emit: async (event) => {
        bench.events.push(event);
        if (event.type === 'tool-start') setTimeout(() => controller.abort(), 300);
      },
    });
    expect(outcome).toEqual({ status: 'paused', steps: 1 });
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(bench.toolEnds).toEqual([]);
    const shell = Number(readFileSync(bench.path('pid'), 'utf8'));
    expect(
      existsSync(`/proc/${shell}/status`) && !readFileSync(`/proc/${shell}/status`, 'utf8').includes('State:\tZ'),
    ).toBe(false);
  });

  test('an abort before the start asks nothing', async () => {
    expect((await play([], { signal: AbortSignal.abort() })).outcome).toEqual({ status: 'paused', steps: 0 });
  });

  test('a dead sandbox fails the attempt without another request', async () => {
    const shell: Workspace['shell'] = {
      alive: true,
      run: async () => ({
        output: 'last words',
        exitCode: null,
        outputBytes: 10,
        cutBytes: 0,
        status: 'sandbox-died',
        durationMs: 1,
      }),
      restart: async () => {},
      close: async () => {},
    };
    const { outcome } = await play([bash('true')], { workspace: { ...bench.workspace, workdir: '/w', shell } });
    expect(outcome).toMatchObject({ status: 'failed', steps: 1, failure: { code: 'sandbox-died', class: 'infra' } });
  });

  test('a model or a store that fails, fails the attempt with its own code; aborting does not hide a full disk', async () => {
    const unreachable = new AssayError('model-unreachable', 'gone', { class: 'model', retryable: true });
    expect((await play([unreachable])).outcome).toMatchObject({
      status: 'failed',
      failure: { code: 'model-unreachable' },
    });
    const controller = new AbortController();
    const full = async (event: AgentEvent) => {
      if (event.type === 'prompt-start') return;
      controller.abort();
      throw new AssayError('disk-full', 'no space left', { class: 'infra', retryable: true });
    };
    expect((await play([], { emit: full, signal: controller.signal })).outcome).toMatchObject({
      status: 'failed',
      failure: { code: 'disk-full' },
    });
  });
});

test('the digest tells prompts, parameters and tool types apart', () => {
  const digests = [
    {},
    { prompt: 'Do {{problem_statement}}' },
    { maxOutputTokens: 1000 },
    { temperature: 1 },
    { editTool: 'text_editor_20250124' as const },
  ].map((options) => createTwoToolAgent(options).digest);
  expect(new Set(digests).size).toBe(5);
  expect(createTwoToolAgent().digest).toBe(digests[0]);
});
