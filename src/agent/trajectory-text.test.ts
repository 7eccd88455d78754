import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentBench } from '../../test/support/agent-bench.ts';
import { callPart, ModelDouble, textPart } from '../../test/support/model-double.ts';
import type { AgentEvent, RunEvent } from '../contracts/index.ts';
import { trajectoryText } from './trajectory-text.ts';
import { createTwoToolAgent } from './two-tool-agent.ts';

let bench: AgentBench;
beforeEach(() => {
  bench = new AgentBench();
});
afterEach(() => bench.close());

const prompt = { prompt: 'Be brief.\n---\n{{problem_statement}}' };
/** Durations differ from run to run. */
const stable = (events: readonly (AgentEvent | RunEvent)[]) =>
  trajectoryText(events.map((event) => (event.type === 'tool-end' ? { ...event, durationMs: 40 } : event)));
const facts = '10 tokens in (0 cached), 5 out, $0.0100, 0.0 s';
const ref = { at: '2026-01-01T00:00:00Z', instanceId: 'i', attempt: 1 };

test('shows prompt, thoughts, actions and observations in the order the model saw them', async () => {
  const create = { command: 'create', path: bench.path('f'), file_text: 'a\nb\n' };
  const model = new ModelDouble([
    {
      content: [
        { type: 'reasoning', text: 'Hm.' },
        textPart('First\nthis.'),
        callPart('1', 'bash', { command: 'echo out\nfalse' }),
        callPart('2', 'str_replace_based_edit_tool', create),
      ],
    },
    { content: [callPart('3', 'bash', '{"comm', true)], stopReason: 'max-tokens', usd: null },
    { content: [textPart('Done.')] },
  ]);
  await bench.run(createTwoToolAgent(prompt), model, { problemStatement: 'It fails.' });
  expect(stable(bench.events)).toBe(`SYSTEM
  Be brief.

PROMPT
  It fails.

==== step 1 ==== ${facts}

REASONING
  Hm.

THOUGHT
  First
  this.

ACTION bash
  echo out
  false

OBSERVATION (exit code 1, 0.0 s)
  out
  [exit code 1]

ACTION str_replace_based_edit_tool
  command: create
  path: ${bench.path('f')}
  file_text:
    | a
    | b
    |

OBSERVATION (0.0 s)
  File created successfully at: ${bench.path('f')}

==== step 2 ==== 10 tokens in (0 cached), 5 out, cost unknown, 0.0 s

ACTION bash
  {"comm

OBSERVATION (error, 0.0 s)
  The call of bash was cut off by the output limit and was not run. Send it again in smaller pieces.

(the reply ended by max-tokens)

==== step 3 ==== ${facts}

THOUGHT
  Done.
`);
});

test('a resumed attempt shows each step once, and how its repetition went', async () => {
  const lines = [
    { content: [callPart('1', 'bash', { command: 'echo $RANDOM$RANDOM$RANDOM' })] },
    { content: [callPart('2', 'bash', { command: 'echo two' }), callPart('3', 'bash', { command: 'echo three' })] },
  ];
  const agent = createTwoToolAgent(prompt);
  const events: (AgentEvent | RunEvent)[] = [];
  const emit = async (event: AgentEvent) => {
    events.push(event);
    bench.events.push(event);
    if (event.type === 'tool-end' && event.result.callId === '2' && event.repeated === undefined)
      throw new Error('the process dies here');
  };
  await bench.run(agent, new ModelDouble(lines), { emit });
  expect(stable(events)).toContain('ACTION bash\n  echo three\n\nOBSERVATION (none: stopped here)');

  const { recorded } = bench;
  events.push({ type: 'attempt-resume', ...ref, fromStep: 2 });
  await bench.run(agent, new ModelDouble([{ content: [textPart('Done.')] }]), { emit, recorded });
  events.push({
    type: 'attempt-end',
    ...ref,
    outcome: { status: 'done', steps: 3 },
    totals: {
      steps: 3,
      usage: { inputUncached: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, reasoning: null },
      usd: 0,
      unknownCosts: 0,
      wallMs: 1,
      workingMs: 1,
    },
    patchDigest: null,
    patchBytes: 12,
  });
  const text = stable(events);
  expect(text.match(/^==== step \d/gm)).toEqual(['==== step 1', '==== step 2', '==== step 3']);
  expect(text).toContain(
    '  echo two\n\nOBSERVATION (0.0 s)\n  two\n\nACTION bash\n  echo three\n\nOBSERVATION (0.0 s)\n  three',
  );
  expect(text).toContain('---- resumed after step 2: 2 calls run again, another result in step 1 ----');
  expect(text).toMatch(/==== done after 3 steps; patch of 12 bytes\n$/);
});

test('long texts are cut, images named, and control characters made visible', async () => {
  const tool = (text: string): AgentEvent => ({
    type: 'tool-end',
    step: 1,
    result: {
      callId: '1',
      name: 'bash',
      content: [
        { type: 'text', text },
        { type: 'image', mediaType: 'image/png', data: Buffer.alloc(100).toString('base64') },
      ],
      isError: false,
    },
    durationMs: 1,
  });
  const model = new ModelDouble([
    { content: [callPart('1', 'bash\u001b[2J', { command: 'x' })] },
    { content: [textPart('.')] },
  ]);
  await bench.run(createTwoToolAgent(prompt), model);
  const reply = bench.events.filter((event) => event.type === 'reply-end' && event.step === 1);
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`).join('\r\n');
  const text = trajectoryText([...reply, tool(`\u001b]0;title\u0007\tx\u202e\n${'y'.repeat(3_000)}\n${lines}`)], {
    maxLines: 9,
  });
  expect(text).toContain('  \\x1b]0;title\\x07\tx\\u202e\n');
  expect(text).toContain(`${'y'.repeat(2_000)} ... 1000 characters left out\n`);
  expect(text).toContain('\n  line 2\n  ... 94 lines left out ...\n  line 97\n');
  expect(text).toContain('[image/png, 100 bytes]');
  expect(text).toContain('ACTION bash\\x1b[2J');
  expect([...text].filter((character) => /(?![\t\n])\p{Cc}/u.test(character))).toEqual([]);
});

test('an intervention stands between the steps, with what the agent was told', () => {
  const back: AgentEvent = {
    type: 'intervention',
    step: 4,
    kind: 'rollback',
    reason: 'value-fall',
    toStep: 2,
    hint: 'Try another way.',
  };
  expect(trajectoryText([back, { ...back, kind: 'hint' }])).toBe(
    'RECOVERY (value-fall): back to the state after step 2\n  Try another way.\n\nRECOVERY (value-fall): a hint\n  Try another way.\n',
  );
});
