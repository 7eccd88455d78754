/** A small store of runs for tests of the web UI, made by the store itself; one attempt is full of what hostile models and repositories may write. */
import type { ModelReply, RunEvent } from '../../src/contracts/index.ts';
import { createRun } from '../../src/store/file-run-store.ts';
import { eventMaker, manifestOf, replyOf } from './run-fixtures.ts';

export const HOSTILE_ID = 'evil/<img src=x onerror=alert(1)>';
export const HOSTILE_TEXT = [
  '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 2">',
  '\x1b[31mred\x1b[0m \x1b[2J\x1b]0;title\x07 over\rwritten',
  'user\u202e\u2066// check\u2069 \u2066admin',
  'javascript:alert(1) [link](javascript:alert(1))',
].join('\n');
/** A file that a call creates: kept as a blob. */
export const LONG_FILE = `${'line of a file\n'.repeat(3_000)}end of the file\n`;
/** Longer than what documents hold: kept as a blob. One line. */
export const LONG_LINE = `${'long '.repeat(120_000)}end of the long line`;
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const DRAWING = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg"><script>window.hacked = 3</script></svg>',
).toString('base64');

/** Runs `first` and `second` of three instances each, with `steps` steps; `first` solves `plain` and the hostile one, `second` only `plain`. */
export async function writeViewStore(runsDir: string, steps = 45): Promise<void> {
  for (const [runId, solved] of [
    ['first', ['plain', HOSTILE_ID]],
    ['second', ['plain']],
  ] as const) {
    const instances = ['plain', HOSTILE_ID, 'hard'];
    const run = await createRun(runsDir, manifestOf(runId, instances));
    const at = '2026-01-01T00:00:00.000Z';
    await run.append({ type: 'run-start', at, runId, attemptsPlanned: instances.length });
    for (const instanceId of instances) {
      const ref = { instanceId, attempt: 1 };
      await run.writeArtifact(ref, 'patch.diff', patchOf(instanceId));
      await run.writeArtifact(ref, 'test_output.txt', `collected 3 items\n${HOSTILE_TEXT}\n`);
      const resolved = solved.some((id) => id === instanceId);
      // Appends keep the order of the calls: one flush for all.
      await Promise.all(attemptEvents(instanceId, steps, resolved).map((event) => run.append(event)));
    }
    await run.append({ type: 'run-end', at, runId, status: 'completed' });
    await run.close();
  }
}

function attemptEvents(instanceId: string, steps: number, resolved: boolean): RunEvent[] {
  const make = eventMaker(instanceId);
  const events: RunEvent[] = [
    make.start(),
    {
      type: 'prompt-start',
      at: make.start().at,
      instanceId,
      attempt: 1,
      system: 'You mend code.',
      firstMessage: {
        role: 'user',
        content: [
          { type: 'text', text: `The issue.\n${HOSTILE_TEXT}` },
          { type: 'image', mediaType: 'image/png', data: PIXEL },
        ],
      },
    },
  ];
  for (let step = 1; step <= steps; step++) {
    const text = step === 2 ? HOSTILE_TEXT : step === 3 ? LONG_LINE : `output of step ${step}`;
    const result = make.result(step, `call-${step}`, text);
    if (step === 4 && result.type === 'tool-end') {
      result.result.content.push({ type: 'image', mediaType: 'image/png', data: PIXEL });
      result.result.content.push({ type: 'image', mediaType: 'image/svg+xml', data: DRAWING });
    }
    events.push(make.reply(step, replyFor(step)), result);
    if (step === TWINS) events.push(make.result(step, `call-${step}`, 'of the second call'));
    const { at } = make.start();
    events.push({ type: 'step-end', at, instanceId, attempt: 1, step, value: step / (steps + 1) });
  }
  const usage = {
    inputUncached: 10 * steps,
    cacheRead: 3 * steps,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
    output: 5 * steps,
    reasoning: null,
  };
  const totals = { steps, usage, usd: 0.25 * steps, unknownCosts: 0, wallMs: 60_000, workingMs: 50_000 };
  const graded = make.graded(resolved);
  if (!resolved && graded.type === 'grade-end') {
    graded.report.restoredFiles = ['tests/<b>conftest</b>.py'];
    graded.report.failToPass = { success: [], failure: [`tests/test_x.py::test_${HOSTILE_TEXT.slice(0, 30)}`] };
  }
  return [...events, make.end(totals), graded];
}

/** The step with two calls of one id, as other tools make them. */
const TWINS = 7;

function replyFor(step: number): ModelReply {
  const id = `call-${step}`;
  const call = (asked: object) => ({ type: 'tool-call', id, name, input: asked }) as const;
  const input =
    step === 6
      ? { command: 'create', path: '/testbed/long.txt', file_text: LONG_FILE }
      : step % 5 === 0
        ? { command: 'str_replace', path: '/testbed/src/<b>app</b>.py', old_str: 'a', new_str: 'b' }
        : { command: step === 2 ? HOSTILE_TEXT : `ls -la step-${step}` };
  const name = step % 5 === 0 || step === 6 ? 'edit' : 'bash';
  return replyOf(`Thinking about step ${step}`, {
    message: {
      role: 'assistant',
      content: [
        { type: 'text', text: `Thinking about step ${step}\n${step === 2 ? HOSTILE_TEXT : ''}` },
        call(input),
        ...(step === TWINS ? [call({ command: 'pwd' })] : []),
      ],
    },
  });
}

function patchOf(instanceId: string): string {
  if (instanceId === 'hard') return '';
  return [
    'diff --git a/src/<b>app</b>.py b/src/<b>app</b>.py',
    '--- a/src/<b>app</b>.py',
    '+++ b/src/<b>app</b>.py',
    '@@ -1 +1 @@',
    '-a',
    `+b ${HOSTILE_TEXT.split('\n')[0]}`,
    '',
  ].join('\n');
}
