import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventMaker, manifestOf, replyOf } from '../../test/support/run-fixtures.ts';
import type { ForkEdit, ModelReply, RunEvent } from '../contracts/index.ts';
import { createRun, openRun } from '../store/file-run-store.ts';
import { loadRunRecord } from '../store/load-run-record.ts';
import { type ForkOptions, forkRun } from './fork-run.ts';

const LONG = 'long '.repeat(20_000);
let runsDir: string;
beforeAll(async () => {
  runsDir = await mkdtemp(join(tmpdir(), 'assay-fork-'));
  const run = await createRun(runsDir, manifestOf('source', ['a', 'b'], { attempts: 2 }));
  const make = eventMaker('a', 2);
  const events: RunEvent[] = [
    make.start(),
    {
      type: 'prompt-start',
      at: '',
      instanceId: 'a',
      attempt: 2,
      system: 'S',
      firstMessage: { role: 'user', content: [] },
    },
  ];
  for (let step = 1; step <= 3; step++) {
    events.push(make.reply(step, replyFor(step)), make.result(step, `call-${step}`, step === 2 ? LONG : `saw ${step}`));
    events.push({ type: 'step-end', at: '', instanceId: 'a', attempt: 2, step });
    // A resume ran the first call again, and a courier gave its reply twice.
    if (step === 1) events.push(make.reply(1, replyOf('again')), make.result(1, 'call-1', 'other', 'different'));
  }
  for (const event of events) await run.append(event);
  await run.close();
});
afterAll(() => rm(runsDir, { recursive: true }));

function replyFor(step: number): ModelReply {
  return replyOf('', {
    message: {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'hidden', providerData: { signature: 'x' } },
        { type: 'text', text: `say ${step}` },
        { type: 'tool-call', id: `call-${step}`, name: 'bash', input: { command: `run ${step}` }, providerData: 1 },
      ],
    },
  });
}

let forks = 0;
async function fork(step: number, edit: ForkEdit = {}, more: Partial<ForkOptions> = {}) {
  const { dir } = await forkRun({
    runsDir,
    source: await loadRunRecord(join(runsDir, 'source')),
    ref: { instanceId: 'a', attempt: 2 },
    step,
    edit,
    runId: `fork-${++forks}`,
    parameters: {},
    priceTable: 'now',
    assayVersion: 'test',
    ...more,
  });
  const run = await openRun(dir);
  const history = await run.history({ instanceId: 'a', attempt: 1 });
  await run.close();
  return { dir, manifest: run.manifest, isNew: run.isNew, history };
}

it('holds one attempt with the steps up to the one named, as they were, and says where it comes from', async () => {
  const { manifest, isNew, history } = await fork(2);
  expect(manifest).toMatchObject({ attempts: 1, fork: { runId: 'source', attempt: 2, step: 2 } });
  expect(manifest.dataset.instances.map((one) => one.instanceId)).toEqual(['a']);
  expect(isNew).toBe(true);
  expect(history.opened).toBe(true);
  expect(history.recorded.map(({ reply, results }) => [reply.message, results[0]?.content])).toEqual([
    [replyFor(1).message, [{ type: 'text', text: 'saw 1' }]],
    [replyFor(2).message, [{ type: 'text', text: LONG }]],
  ]);
});

it('pays nothing for what the other run paid', async () => {
  const { history } = await fork(3);
  expect(history.totals).toMatchObject({ steps: 3, usd: 0, unknownCosts: 0 });
});

it('keeps nothing but the task for step 0', async () => {
  expect((await fork(0)).history.recorded).toEqual([]);
});

describe('edits of the last step', () => {
  it('another observation is told in place of the recorded one', async () => {
    const { recorded } = (await fork(2, { observed: 'nothing there' })).history;
    expect(recorded[1]?.results[0]).toMatchObject({
      callId: 'call-2',
      content: [{ type: 'text', text: 'nothing there' }],
    });
    expect(recorded[0]?.results[0]?.content).toEqual([{ type: 'text', text: 'saw 1' }]);
  });

  it('another command has no results yet, so it is run', async () => {
    const { recorded } = (await fork(2, { said: 'Better:', input: { command: 'ls' } })).history;
    const content = recorded[1]?.reply.message.content.slice(1);
    expect(content).toMatchObject([
      { type: 'text', text: 'Better:' },
      { type: 'tool-call', id: 'call-2', input: { command: 'ls' } },
    ]);
    expect(recorded[1]?.results).toEqual([]);
    expect(recorded[0]?.results).toHaveLength(1);
  });

  it.each([
    [0, { observed: 'x' }],
    [1, { observed: 'x', said: 'y' }],
  ] as const)('refuses what makes no sense: step %d, %j', async (step, edit) => {
    await expect(fork(step, edit)).rejects.toMatchObject({ code: 'config-invalid' });
  });
});

it('gives another model what any model understands', async () => {
  const { manifest, history } = await fork(1, {}, { model: 'other/model' });
  expect(manifest.model.id).toBe('other/model');
  expect(history.recorded[0]?.reply.message.content).toEqual([
    { type: 'text', text: 'say 1' },
    { type: 'tool-call', id: 'call-1', name: 'bash', input: { command: 'run 1' } },
  ]);
});

it('with another prompt the conversation has no start yet: the agent makes it', async () => {
  const { dir, manifest, history } = await fork(1, {}, { prompt: 'Do better.', agentDigest: 'sha256:other' });
  expect(history.opened).toBe(false);
  expect(manifest.agent).toEqual({ name: 'double', digest: 'sha256:other', promptFile: 'prompt.md' });
  expect(await readFile(join(dir, 'prompt.md'), 'utf8')).toBe('Do better.');
});

it('refuses steps and instances that are not there', async () => {
  await expect(fork(4)).rejects.toMatchObject({ code: 'instance-not-found' });
  await expect(fork(1, {}, { ref: { instanceId: 'c', attempt: 1 } })).rejects.toMatchObject({
    code: 'instance-not-found',
  });
});
