import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HostSandbox } from '../../test/support/host-sandbox.ts';
import {
  type AgentContext,
  type AgentEvent,
  AssayError,
  type Model,
  type ModelReply,
  type ModelRequest,
  type RecordedStep,
  type StopReason,
} from '../contracts/index.ts';
import { openWorkspace } from '../sandbox/workspace.ts';
import { trajectoryText } from './trajectory-text.ts';
import { createTwoToolAgent } from './two-tool-agent.ts';

type Part = ModelReply['message']['content'][number];
interface Line {
  content: Part[];
  stopReason?: StopReason;
  usd?: number;
  tokens?: number;
}

const call = (input: unknown, name = 'bash', id = Math.random().toString(36).slice(2)): Part => ({
  type: 'tool-call',
  id,
  name,
  input,
});
const say = (text: string): Part => ({ type: 'text', text });

/** A model that follows a script; fails on unexpected and on unconsumed lines. */
class ScriptedDouble implements Model {
  readonly id: string = 'double/model';
  readonly contextTokens: number | null = null;
  readonly requests: ModelRequest[] = [];
  private readonly lines: (Line | AssayError)[];
  constructor(lines: (Line | AssayError)[]) {
    this.lines = [...lines];
  }
  async complete(request: ModelRequest): Promise<ModelReply> {
    this.requests.push(structuredClone(request));
    const line = this.lines.shift();
    if (line === undefined) throw new AssayError('script-unexpected', 'no line is left', { class: 'model' });
    if (line instanceof AssayError) throw line;
    const calls = line.content.some((part) => part.type === 'tool-call');
    return {
      message: { role: 'assistant', content: line.content },
      stopReason: line.stopReason ?? (calls ? 'tool-use' : 'end'),
      usage: {
        inputUncached: line.tokens ?? 10,
        cacheRead: 0,
        cacheWrite5m: 0,
        cacheWrite1h: 0,
        output: 5,
        reasoning: null,
      },
      cost: { kind: 'measured', usd: line.usd ?? 0.01 },
      servedModel: 'double',
      latencyMs: 1,
      retries: [],
      rawUsage: null,
      source: 'scripted',
    };
  }
  async close(): Promise<void> {
    if (this.lines.length > 0)
      throw new AssayError('script-unconsumed', `${this.lines.length} lines are left`, { class: 'model' });
  }
}

let sandbox: HostSandbox;
let events: AgentEvent[];
beforeEach(() => {
  sandbox = new HostSandbox();
  events = [];
});
afterEach(() => sandbox.destroy());

function context(model: Model, more: Partial<AgentContext> = {}): AgentContext {
  return {
    attemptKey: 'run/instance/1',
    problemStatement: 'It prints $& and {{workdir}}.',
    images: [],
    workspace: openWorkspace(sandbox),
    baseCommit: 'abc',
    model,
    limits: { steps: 20, wallSeconds: 60, commandSeconds: 10 },
    recorded: [],
    emit: async (event) => {
      events.push(event);
    },
    signal: new AbortController().signal,
    shouldPause: () => false,
    ...more,
  };
}

const observations = () =>
  events.flatMap((event) =>
    event.type === 'tool-end'
      ? [event.result.content.map((part) => (part.type === 'text' ? part.text : part.mediaType)).join()]
      : [],
  );

describe('the loop', () => {
  test('works with both tools until the model is done', async () => {
    const file = `${sandbox.spec.workdir}/a.txt`;
    const model = new ScriptedDouble([
      { content: [say('look'), call({ command: 'echo hello > a.txt; cd /; pwd' })] },
      {
        content: [
          call({ command: 'str_replace', path: file, old_str: 'hello', new_str: 'bye' }, 'str_replace_based_edit_tool'),
          call({ command: 'pwd; exit 3' }),
        ],
      },
      { content: [say('done')] },
    ]);
    const outcome = await createTwoToolAgent().run(context(model));
    await model.close();
    expect(outcome).toEqual({ status: 'done', steps: 3, finalMessage: 'done' });
    expect(readFileSync(file, 'utf8')).toBe('bye\n');
    expect(observations()[0]).toBe('/');
    expect(observations()[2]).toContain('the shell exited with code 3');
    expect(JSON.stringify(model.requests[0])).toContain('It prints $& and {{workdir}}.');
    // Append-only: each request starts with the messages of the one before.
    for (const [index, request] of model.requests.entries()) {
      const before = model.requests[index - 1];
      if (before !== undefined) expect(request.messages.slice(0, before.messages.length)).toEqual(before.messages);
    }
    expect(trajectoryText(events)).toContain('ACTION bash\n  echo hello > a.txt; cd /; pwd');
  });

  test('a reply is durable before it is acted on', async () => {
    const order: string[] = [];
    const model = new ScriptedDouble([{ content: [call({ command: 'touch acted' })] }, { content: [say('ok')] }]);
    await createTwoToolAgent().run(
      context(model, {
        emit: async (event) => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          order.push(event.type);
        },
      }),
    );
    expect(order).toEqual([
      'prompt-start',
      'step-start',
      'reply-end',
      'tool-start',
      'tool-end',
      'step-end',
      'step-start',
      'reply-end',
      'step-end',
    ]);
  });

  test.each([
    ['steps', { steps: 2 }, 'limit-steps'],
    ['tokens', { tokens: 20 }, 'limit-tokens'],
    ['dollars', { costUsd: 0.015 }, 'limit-cost'],
    ['context', { contextTokens: 1030 }, 'limit-context'],
    ['wall time', { wallSeconds: 0.4 }, 'limit-wall-time'],
  ])('ends at the limit of %s', async (_name, limits, code) => {
    const model = new ScriptedDouble(Array.from({ length: 9 }, () => ({ content: [call({ command: 'sleep 0.1' })] })));
    const outcome = await createTwoToolAgent().run(
      context(model, { limits: { steps: 9, wallSeconds: 60, commandSeconds: 10, ...limits } }),
    );
    expect(outcome).toMatchObject({ status: 'limit', failure: { code } });
  });

  test('unusable calls are answered; three such turns in a row end it', async () => {
    const model = new ScriptedDouble([
      { content: [call('{"command": ', 'bash')] },
      { content: [call({ command: 'x' }, 'no_such_tool')] },
      { content: [call({ command: 'echo fine' })] },
      ...[1, 2, 3].map(() => ({ content: [call('junk')] })),
    ]);
    const outcome = await createTwoToolAgent().run(context(model));
    expect(observations().slice(0, 3)).toEqual([
      expect.stringContaining('not a JSON object'),
      expect.stringContaining('There is no tool named no_such_tool'),
      'fine',
    ]);
    expect(outcome).toMatchObject({ status: 'failed', failure: { code: 'model-reply-malformed' } });
  });

  test('cut-off and empty answers are asked to go on; refusals and provider failures end it', async () => {
    const model = new ScriptedDouble([
      { content: [say('half')], stopReason: 'max-tokens' },
      { content: [] },
      { content: [say('whole')] },
    ]);
    expect(await createTwoToolAgent().run(context(model))).toMatchObject({ status: 'done', finalMessage: 'whole' });
    expect(
      await createTwoToolAgent().run(context(new ScriptedDouble([{ content: [say('no')], stopReason: 'refusal' }]))),
    ).toMatchObject({ failure: { code: 'model-refusal' } });
    const overflow = new AssayError('model-context-overflow', 'too long', { class: 'model', retryable: false });
    expect(await createTwoToolAgent().run(context(new ScriptedDouble([overflow])))).toMatchObject({
      status: 'limit',
      failure: { code: 'limit-context' },
    });
  });

  test('a resumed attempt runs recorded commands again, asks only for what is missing, and shows the model what it saw', async () => {
    const lines = [
      { content: [call({ command: 'echo $RANDOM$RANDOM; mkdir -p d; cd d' }, 'bash', 'one')] },
      { content: [call({ command: 'pwd' }, 'bash', 'two'), call({ command: 'touch e' }, 'bash', 'three')] },
    ];
    await createTwoToolAgent().run(
      context(new ScriptedDouble([...lines, new AssayError('model-unreachable', 'gone', { class: 'model' })])),
    );
    const recorded: RecordedStep[] = events.flatMap((event) =>
      event.type === 'reply-end'
        ? [
            {
              step: event.step,
              reply: event.reply,
              results: events.flatMap((other) =>
                other.type === 'tool-end' && other.step === event.step && other.result.callId !== 'three'
                  ? [other.result]
                  : [],
              ),
            },
          ]
        : [],
    );
    const seen = observations()[0];
    await sandbox.destroy();
    sandbox = new HostSandbox();
    events = [];
    const model = new ScriptedDouble([{ content: [say('done')] }]);
    expect(await createTwoToolAgent().run(context(model, { recorded }))).toMatchObject({ status: 'done', steps: 3 });
    expect(JSON.stringify(model.requests[0]?.messages)).toContain(seen);
    expect(events.flatMap((event) => (event.type === 'tool-end' ? [event.repeated] : []))).toEqual([
      'different',
      'different',
      undefined,
    ]);
    expect(readFileSync(`${sandbox.spec.workdir}/d/e`, 'utf8')).toBe('');
  });

  test('pauses after the step under way, and at once when aborted', async () => {
    let steps = 0;
    const forever = () =>
      new ScriptedDouble(Array.from({ length: 9 }, () => ({ content: [call({ command: 'sleep 0.05' })] })));
    expect(await createTwoToolAgent().run(context(forever(), { shouldPause: () => ++steps > 2 }))).toEqual({
      status: 'paused',
      steps: 2,
    });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const long = new ScriptedDouble([{ content: [call({ command: 'sleep 60' })] }]);
    expect(await createTwoToolAgent().run(context(long, { signal: controller.signal }))).toEqual({
      status: 'paused',
      steps: 1,
    });
  });
});

describe('the edit tool', () => {
  const edit = async (...inputs: unknown[]) => {
    await createTwoToolAgent().run(
      context(
        new ScriptedDouble([
          ...inputs.map((input) => ({ content: [call(input, 'str_replace_based_edit_tool')] })),
          { content: [say('.')] },
        ]),
      ),
    );
    return observations();
  };
  const path = (name: string) => `${sandbox.spec.workdir}/${name}`;

  test('views files, ranges and folders; says what is wrong with a path', async () => {
    writeFileSync(path('f.py'), 'a\n\tb\nc\n');
    const [whole, part, folder, relative, missing, range] = await edit(
      { command: 'view', path: path('f.py') },
      { command: 'view', path: path('f.py'), view_range: [2, -1] },
      { command: 'view', path: sandbox.spec.workdir },
      { command: 'view', path: 'f.py' },
      { command: 'view', path: path('none') },
      { command: 'view', path: path('f.py'), view_range: [9, 10] },
    );
    expect(whole).toContain('     1\ta\n     2\t\tb\n     3\tc');
    expect(part).not.toContain('\ta');
    expect(folder).toContain('f.py');
    expect(relative).toContain(`Maybe you meant ${path('f.py')}`);
    expect(missing).toContain('does not exist');
    expect(range).toContain('[1, 3]');
  });

  test('creates, never overwrites, refuses folders and binaries, shows images', async () => {
    writeFileSync(path('bin'), Buffer.from([1, 0, 2]));
    const png = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
      'base64',
    );
    writeFileSync(path('p.png'), png);
    const [created, again, folder, binary, image] = await edit(
      { command: 'create', path: path('new/x'), file_text: 'text' },
      { command: 'create', path: path('new/x'), file_text: 'other' },
      { command: 'str_replace', path: path('new'), old_str: 'a', new_str: 'b' },
      { command: 'view', path: path('bin') },
      { command: 'view', path: path('p.png') },
    );
    expect(created).toContain('created successfully');
    expect(again).toContain('Cannot overwrite');
    expect(folder).toContain('is a directory');
    expect(binary).toContain('binary');
    expect(image).toBe('image/png');
    expect(readFileSync(path('new/x'), 'utf8')).toBe('text');
  });
});
