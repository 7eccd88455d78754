import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentBench } from '../../test/support/agent-bench.ts';
import { callPart, type DoubleLine, ModelDouble, textPart } from '../../test/support/model-double.ts';
import { type AgentContext, AssayError, type RecordedStep } from '../contracts/index.ts';
import { createTwoToolAgent } from './two-tool-agent.ts';

let bench: AgentBench;
beforeEach(() => {
  bench = new AgentBench();
});
afterEach(() => bench.close());

const bash = (...commands: string[]): DoubleLine => ({
  content: commands.map((command, index) => callPart(`${command}-${index}`, 'bash', { command })),
});
const done: DoubleLine = { content: [textPart('done')] };
const gone = new AssayError('model-unreachable', 'gone', { class: 'model', retryable: true });

/** Plays a script in a first sandbox, then gives a second, empty one: the process died in between. */
async function recordedBy(lines: readonly DoubleLine[], more: Partial<AgentContext> = {}): Promise<RecordedStep[]> {
  await bench.run(createTwoToolAgent(), new ModelDouble([...lines, gone]), more);
  const { recorded } = bench;
  await bench.close();
  bench = new AgentBench();
  return recorded;
}

async function resume(
  recorded: readonly RecordedStep[],
  lines: readonly DoubleLine[],
  more: Partial<AgentContext> = {},
) {
  const model = new ModelDouble(lines);
  const outcome = await bench.run(createTwoToolAgent(), model, { ...more, recorded });
  await model.close();
  return { outcome, requests: model.requests, callKeys: model.callKeys };
}

test('recorded commands run again, nothing recorded is asked again, and the model keeps what it saw', async () => {
  const recorded = await recordedBy([
    bash('echo $RANDOM$RANDOM$RANDOM; mkdir -p d; cd d; n=5'),
    bash('echo $n; touch e'),
  ]);
  const { outcome, requests, callKeys } = await resume(recorded, [bash('echo $n; ls'), done]);
  expect(outcome).toEqual({ status: 'done', steps: 4, finalMessage: 'done' });
  expect(callKeys).toEqual(['run/instance/1/3', 'run/instance/1/4']);
  expect(bench.toolEnds.map((end) => end.repeated)).toEqual(['different', 'same', undefined]);
  expect(bench.observations[2]).toBe('5\ne');
  expect(requests[0]?.messages).toEqual([
    expect.objectContaining({ role: 'user' }),
    ...recorded.flatMap(({ reply, results }) => [reply.message, { role: 'tool', results }]),
  ]);
  expect(bench.events.filter((event) => event.type === 'prompt-start')).toEqual([]);
});

test('the requests after a resume are those of an attempt that was never cut off', async () => {
  const script = [
    bash('echo a > f'),
    { content: [textPart(' ')] },
    bash('cat f; false', 'echo x'),
    bash('echo b'),
    done,
  ];
  const whole = new ModelDouble(script);
  await bench.run(createTwoToolAgent(), whole, { workspace: { ...bench.workspace, workdir: '/w' } });
  for (const cut of [1, 2, 3, 4]) {
    await bench.close();
    bench = new AgentBench();
    const recorded = await recordedBy(script.slice(0, cut));
    const { requests } = await resume(recorded, script.slice(cut), {
      workspace: { ...bench.workspace, workdir: '/w' },
    });
    expect(requests.map((request) => request.messages)).toEqual(
      whole.requests.slice(cut).map((request) => request.messages),
    );
  }
});

test('a last step with some of its results goes on with the missing calls', async () => {
  const recorded = await recordedBy([bash('touch one', 'touch two', 'touch three')]);
  recorded[0]?.results.splice(1);
  const { requests } = await resume(recorded, [done]);
  expect(bench.toolEnds.map((end) => end.repeated)).toEqual(['same', undefined, undefined]);
  expect(requests[0]?.messages.at(-1)).toMatchObject({ role: 'tool', results: [{}, {}, {}] });
  expect(existsSync(bench.path('three'))).toBe(true);
});

test('calls that share an id keep their own results', async () => {
  const same = ['one', 'two'].map((word) => callPart('same', 'bash', { command: `echo ${word}` }));
  const recorded = await recordedBy([{ content: same }]);
  const { requests } = await resume(recorded, [done]);
  expect(bench.toolEnds.map((end) => end.repeated)).toEqual(['same', 'same']);
  expect(requests[0]?.messages.at(-1)).toEqual({ role: 'tool', results: recorded[0]?.results });
});

test('an attempt whose last reply is durable ends without a request', async () => {
  const recorded = await recordedBy([bash('echo x > f'), done]);
  expect((await resume(recorded, [])).outcome).toEqual({ status: 'done', steps: 2, finalMessage: 'done' });
  expect(readFileSync(bench.path('f'), 'utf8')).toBe('x\n');
});

test('limits that recorded steps reached hold after the resume; repeating takes none of the wall time', async () => {
  const limits = { steps: 2, wallSeconds: 0.5, commandSeconds: 10 };
  const recorded = await recordedBy([bash('true'), bash('sleep 0.7; touch f')]);
  expect((await resume(recorded, [], { limits })).outcome).toMatchObject({ failure: { code: 'limit-steps' } });
  expect(existsSync(bench.path('f'))).toBe(true);
});

test('a command that times out only when it is repeated does not keep the rest from being repeated', async () => {
  const recorded = await recordedBy([bash('[ -e slow ] && sleep 30; echo first'), bash('touch after')]);
  await bench.workspace.shell.run('touch slow');
  const limits = { steps: 9, wallSeconds: 60, commandSeconds: 0.5 };
  expect((await resume(recorded, [done], { limits })).outcome.status).toBe('done');
  expect(bench.toolEnds.map((end) => end.repeated)).toEqual(['different', 'same']);
  expect(existsSync(bench.path('after'))).toBe(true);
});

test('a timeout and the restart after it are repeated as they were', async () => {
  const limits = { steps: 9, wallSeconds: 60, commandSeconds: 0.4 };
  const restart: DoubleLine = { content: [callPart('r', 'bash', { restart: true })] };
  const recorded = await recordedBy([bash('sleep 30'), bash('echo refused'), restart, bash('echo fine')], { limits });
  await resume(recorded, [done], { limits });
  expect(bench.toolEnds.map((end) => end.repeated)).toEqual(['same', 'same', 'same', 'same']);
  expect(bench.observations.map((text) => text.slice(0, 12))).toEqual([
    'timed out: b',
    'The session ',
    'tool has bee',
    'fine',
  ]);
});

test('a pause while the attempt is rebuilt loses no step; a record with a gap is refused', async () => {
  const recorded = await recordedBy([bash('true'), bash('true'), bash('true')]);
  let asked = 0;
  const paused = await resume(recorded, [], { shouldPause: () => ++asked > 1 });
  expect(paused.outcome).toEqual({ status: 'paused', steps: 3 });
  expect((await resume(recorded.slice(1), [])).outcome).toMatchObject({ failure: { code: 'store-invalid' } });
});
