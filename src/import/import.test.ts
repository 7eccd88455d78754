import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { manifestOf } from '../../test/support/run-fixtures.ts';
import { ownIdentity } from '../base/process-identity.ts';
import type { ModelMessage, RunEvent, Trajectory } from '../contracts/index.ts';
import { createRun, fileRunStore } from '../store/file-run-store.ts';
import { loadTrajectoryWithOrigin } from '../store/load-trajectory.ts';
import { groupSetups, runIds } from './group-setups.ts';
import { importFolder } from './import-folder.ts';
import { openStaging } from './run-staging.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-import-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const PATCH = 'diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x\n+y\n';

const SWE_AGENT = {
  history: [
    { role: 'system', content: 'SETTING' },
    { role: 'user', content: 'a demonstration', is_demo: true },
    { role: 'user', content: 'ISSUE:\nbroken\nINSTRUCTIONS:\nmend' },
    { role: 'assistant', content: 'Look.\n```\nls\n```' },
  ],
  trajectory: [
    { thought: 'Look.', action: 'ls\n', observation: 'a.py', response: 'Look. ls' },
    { thought: '', action: '', observation: 'No command.', response: 'Hm.' },
    { thought: 'Done.', action: 'submit', observation: PATCH },
  ],
  info: {
    exit_status: 'submitted',
    submission: `\n${PATCH}`,
    model_stats: { instance_cost: 0.5, tokens_sent: 100, tokens_received: 10 },
  },
};

const ROVER = (told: boolean) => ({
  last_conversation: [{ role: 'user', content: 'searching' }],
  write_patch_conversation: [
    { role: 'system', content: 'S' },
    { role: 'user', content: '<issue>broken</issue>' },
    { role: 'assistant', content: 'search_class("A")' },
    {
      role: 'user',
      content: told
        ? 'Written an applicable patch, but it did not resolve the issue. Some tests have failed.'
        : 'Found 1.',
    },
    { role: 'assistant', content: 'patched' },
  ],
  extracted_patch: PATCH,
  cost: { total_cost: 0.25, elapsed_seconds: 3 },
});

const MOATLESS_STEPS = {
  input: { problem_statement: 'broken' },
  steps: [{ actions: [{ name: 'search', input: { query: 'A' }, output: { file_context: [], message: 'nothing' } }] }],
  output: { message: 'Mended.' },
  info: { submission: PATCH, total_cost: 0.1, duration: 2 },
};

const MOATLESS_TRANSITIONS = {
  initial_message: 'broken',
  transitions: [
    {
      name: 'SearchCode',
      actions: [
        {
          action: { scratch_pad: 'Search.', query: 'A' },
          output: { ranked_spans: [] },
          input_tokens: 5,
          output_tokens: 2,
        },
      ],
    },
    {
      name: 'EditCode',
      actions: [{ action: { content: 'y' }, retry_message: 'No.', input_tokens: 6, output_tokens: 3 }],
    },
    { name: 'Finished', actions: [] },
  ],
  info: { status: 'rejected', submission: '', total_cost: 0.1 },
};

const COMPLETION = {
  messages: [
    { role: 'system', content: [{ type: 'text', text: 'You are.' }] },
    { role: 'user', content: 'broken' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c1', function: { name: 'execute_bash', arguments: '{"command": "ls"}' } }],
    },
    { role: 'tool', tool_call_id: 'c1', name: 'execute_bash', content: 'a.py' },
  ],
  response: {
    choices: [
      {
        message: {
          role: 'assistant',
          content: 'Done.',
          tool_calls: [{ id: 'c2', function: { name: 'finish', arguments: '{broken' } }],
        },
      },
    ],
  },
};

async function write(rows: Record<string, unknown>[], files: Record<string, unknown>): Promise<string> {
  const source = join(folder, 'source');
  await mkdir(source);
  await writeFile(join(source, 'index.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(source, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return source;
}

/** Imports one file of each name; gives the stored trajectory of each. */
async function roundTrip(document: unknown, resolved: boolean | null = true) {
  const source = await write([{ file: 'one.json', instance_id: 'own__name-12', run: 'r', model: 'm', resolved }], {
    'one.json': document,
  });
  const runsDir = join(folder, 'runs');
  const { runs, skipped } = await importFolder({ folder: source, runsDir, assayVersion: '0' });
  expect(skipped).toEqual([]);
  const store = fileRunStore(runsDir);
  const run = await store.load(runs[0]?.runId ?? '');
  const record = run.attempts[0];
  if (record === undefined) throw new Error('no attempt');
  const events: RunEvent[] = [];
  for await (const event of store.events(run.manifest.runId, record)) events.push(event);
  return { ...(await loadTrajectoryWithOrigin(run, record)), record, run, events };
}

/** Roles, with what is said, called and shown. */
function outline({ messages }: Trajectory): string[] {
  const parts = (message: ModelMessage): string[] => {
    if (message.role === 'tool')
      return message.results.map(
        ({ content, isError }) =>
          `${isError ? 'error ' : ''}${content.map((part) => (part.type === 'text' ? part.text : '')).join('')}`,
      );
    return message.content.map((part) =>
      part.type === 'tool-call'
        ? `${part.name} ${JSON.stringify(part.input)}`
        : part.type === 'image'
          ? 'image'
          : part.text,
    );
  };
  return messages.map((message) => `${message.role}: ${parts(message).join(' | ')}`);
}

test('SWE-agent: actions are calls, demonstrations are left out, cost and patch are kept, the file is kept whole', async () => {
  const { trajectory, record, run, events } = await roundTrip(SWE_AGENT);
  expect(trajectory.system).toBe('SETTING');
  expect(outline(trajectory)).toEqual([
    'user: ISSUE:\nbroken\nINSTRUCTIONS:\nmend',
    'assistant: Look. | command {"command":"ls"}',
    'tool: a.py',
    'assistant: Hm.',
    'user: No command.',
    'assistant: Done. | command {"command":"submit"}',
    `tool: ${PATCH}`,
  ]);
  expect(trajectory.patch).toBe(PATCH);
  expect(trajectory.outcome).toEqual({ status: 'done', steps: 3 });
  expect(trajectory.totals).toMatchObject({ usd: 0.5, unknownCosts: 0, usage: { inputUncached: 100, output: 10 } });
  expect(record).toMatchObject({
    state: 'finished',
    repo: 'own/name',
    report: { resolved: true, verdict: 'resolved' },
  });
  expect(run.manifest).toMatchObject({ agent: { name: 'swe-agent' }, model: { id: 'm' } });
  expect(events[0]).toMatchObject({ type: 'attempt-import', raw: JSON.stringify(SWE_AGENT) });
});

test('impossible figures count as not noted', async () => {
  const info = { ...SWE_AGENT.info, model_stats: { instance_cost: -1, tokens_sent: 12.5, tokens_received: 10 } };
  const { trajectory } = await roundTrip({ ...SWE_AGENT, info });
  expect(trajectory.totals).toMatchObject({ usd: 0, usage: { inputUncached: 0, output: 10 } });
});

test('AutoCodeRover: the patch-writing conversation; being told of failing hidden tests is a leak', async () => {
  const plain = await roundTrip(ROVER(false), false);
  expect(outline(plain.trajectory)).toEqual([
    'user: <issue>broken</issue>',
    'assistant: search_class("A")',
    'user: Found 1.',
    'assistant: patched',
  ]);
  expect(plain.origin).toEqual({ patchKnown: true });
  expect(plain.record.report).toMatchObject({ resolved: false, verdict: 'unresolved' });
  await rm(folder, { recursive: true });
  await mkdir(folder);
  expect((await roundTrip(ROVER(true))).origin.leak).toContain('hidden tests');
});

test('Moatless, both generations: actions are calls, retries are errors, an unknown cost stays unknown elsewhere', async () => {
  const steps = await roundTrip(MOATLESS_STEPS);
  expect(outline(steps.trajectory)).toEqual([
    'user: broken',
    'assistant: search {"query":"A"}',
    'tool: {"file_context":[],"message":"nothing"}',
    'assistant: Mended.',
  ]);
  await rm(folder, { recursive: true });
  await mkdir(folder);
  const transitions = await roundTrip(MOATLESS_TRANSITIONS, false);
  expect(outline(transitions.trajectory)).toEqual([
    'user: broken',
    'assistant: Search. | SearchCode {"query":"A"}',
    'tool: {"ranked_spans":[]}',
    'assistant: EditCode {"content":"y"}',
    'tool: error No.',
  ]);
  expect(transitions.record.report?.verdict).toBe('empty-patch');
  expect(transitions.trajectory.outcome?.status).toBe('failed');
  expect(transitions.trajectory.totals?.usage).toMatchObject({ inputUncached: 11, output: 5 });
});

test('chat completions: structured calls stay, broken arguments stay as text, there is no patch to know', async () => {
  const { trajectory, origin, record } = await roundTrip(COMPLETION, null);
  expect(outline(trajectory)).toEqual([
    'user: broken',
    'assistant: execute_bash {"command":"ls"}',
    'tool: a.py',
    'assistant: Done. | finish "{broken"',
  ]);
  expect(trajectory.system).toBe('You are.');
  expect(origin).toEqual({ patchKnown: false });
  expect(trajectory.totals).toMatchObject({ usd: 0, unknownCosts: 2 });
  expect(record.state).toBe('solved-ungraded');
});

test('repeats are attempts of one run; what cannot be read is named, and nothing outside of the folder is opened', async () => {
  const row = (file: string, run: string) => ({
    file,
    instance_id: 'a__b-1',
    run,
    model: 'm',
    resolved: run === 'x-2',
  });
  const source = await write(
    [
      row('1.json', 'x-1'),
      row('2.json', 'x-2'),
      row('3.json', 'other'),
      row('bad.json', 'x-1'),
      row('odd.json', 'x-1'),
      row('none.json', 'x-1'),
      row('../secret', 'x-1'),
    ],
    {
      '1.json': SWE_AGENT,
      '2.json': SWE_AGENT,
      '3.json': MOATLESS_STEPS,
      'bad.json': '{"history": [1], "trajectory": [], "info": {}}',
      'odd.json': '[]',
    },
  );
  await writeFile(join(folder, 'secret'), JSON.stringify(SWE_AGENT));
  const { runs, skipped } = await importFolder({
    folder: source,
    runsDir: join(folder, 'runs'),
    assayVersion: '0',
    prefix: 'set',
  });
  expect(runs.map(({ runId, attempts, resolved }) => ({ runId, attempts, resolved }))).toEqual([
    { runId: 'set-x', attempts: 2, resolved: 1 },
    { runId: 'set-other', attempts: 1, resolved: 0 },
  ]);
  expect(skipped.map(({ file, reason }) => `${file} ${reason}`)).toEqual([
    expect.stringMatching(/^bad\.json is damaged \(swe-agent: history\.0/),
    'odd.json is in no known format',
    'none.json cannot be read (ENOENT)',
    '../secret lies outside of the folder',
  ]);
});

test('an index that is none is refused with its line', async () => {
  const source = join(folder, 'source');
  await mkdir(source);
  const importing = () => importFolder({ folder: source, runsDir: join(folder, 'runs'), assayVersion: '0' });
  await expect(importing()).rejects.toMatchObject({ code: 'file-not-found' });
  await writeFile(join(source, 'index.jsonl'), '{"file": "a", "instance_id": "b"}\n{"file": 3}\n');
  await expect(importing()).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining('line 2'),
  });
});

test('set-ups: numbers at the end are repeats when the model is the same, dates are not', () => {
  const runs = ['1', '2', '3'].map((run) => ({ run, model: 'a' }));
  const more = [
    { run: 'acr-run-2', model: 'b' },
    { run: 'acr-run-1', model: 'b' },
    { run: 'acr-val-only', model: 'b' },
    { run: 'gpt-4o-2024-05-13', model: 'c' },
  ];
  expect(groupSetups([...runs, ...more]).map((one) => [one.name, one.model, one.runs])).toEqual([
    ['', 'a', ['1', '2', '3']],
    ['acr-run', 'b', ['acr-run-1', 'acr-run-2']],
    ['acr-val-only', 'b', ['acr-val-only']],
    ['gpt-4o-2024-05-13', 'c', ['gpt-4o-2024-05-13']],
  ]);
});

test('names of runs are possible and each once', () => {
  const setup = (name: string, model: string) => ({ name, model, runs: [name] });
  expect(runIds('_im', [setup('run', 'gpt'), setup('run', 'claude'), setup('a b', 'm'), setup('a/b', 'm')])).toEqual([
    'im-run-gpt',
    'im-run-claude',
    'im-a-b-m',
    'im-a-b-m-2',
  ]);
});

test('equal names of runs of two models are two runs; a row that comes again is named and left out', async () => {
  const row = (file: string, model: string, run: string) => ({
    file,
    instance_id: 'a__b-1',
    run,
    model,
    resolved: model === 'gpt',
  });
  const source = await write(
    [
      row('1.json', 'gpt', 'run-1'),
      row('2.json', 'gpt', 'run-2'),
      row('3.json', 'claude', 'run-1'),
      row('4.json', 'claude', 'run-2'),
      row('5.json', 'gpt', 'run-1'),
    ],
    Object.fromEntries([1, 2, 3, 4, 5].map((number) => [`${number}.json`, SWE_AGENT])),
  );
  const { runs, skipped } = await importFolder({
    folder: source,
    runsDir: join(folder, 'runs'),
    assayVersion: '0',
    prefix: 'set',
  });
  expect(runs.map(({ runId, model, attempts, resolved }) => [runId, model, attempts, resolved])).toEqual([
    ['set-run-gpt', 'gpt', 2, 2],
    ['set-run-claude', 'claude', 2, 0],
  ]);
  expect(skipped).toEqual([{ file: '5.json', reason: 'is the same attempt as 1.json' }]);
});

const ROW = { instance_id: 'a__b-1', run: 'r', model: 'm', resolved: true };

test('pipes, links out of the folder, huge and deeply nested files are passed over with the reason', async () => {
  const deep = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as unknown;
  const names = ['pipe', 'link', 'inner-link', 'huge', 'deep', 'deep-text', 'folder'];
  const call = { id: 'c', function: { name: 'f', arguments: JSON.stringify({ x: deep(300) }) } };
  const steps = [{ actions: [{ name: 'search', input: {}, output: { x: deep(300) } }] }];
  const source = await write(
    names.map((file) => ({ ...ROW, file, instance_id: `a__b-${file}` })),
    {
      inside: MOATLESS_STEPS,
      huge: '',
      deep: { ...MOATLESS_STEPS, steps },
      'deep-text': { ...COMPLETION, messages: [...COMPLETION.messages, { role: 'assistant', tool_calls: [call] }] },
    },
  );
  await writeFile(join(folder, 'outside'), JSON.stringify(MOATLESS_STEPS));
  await symlink(join(folder, 'outside'), join(source, 'link'));
  await symlink('inside', join(source, 'inner-link'));
  await truncate(join(source, 'huge'), 65 * 1024 ** 2);
  await mkdir(join(source, 'folder'));
  execFileSync('mkfifo', [join(source, 'pipe')]);
  const { runs, skipped } = await importFolder({ folder: source, runsDir: join(folder, 'runs'), assayVersion: '0' });
  expect(runs).toMatchObject([{ attempts: 1 }]);
  expect(Object.fromEntries(skipped.map(({ file, reason }) => [file, reason]))).toEqual({
    pipe: 'is no regular file',
    link: 'is a link out of the folder',
    huge: 'is larger than 64 MB',
    deep: 'is nested too deeply',
    'deep-text': 'is nested too deeply',
    folder: 'is no regular file',
  });
});

test('a run appears when it is whole: what a dead import left is no run and goes, what a living one writes stays', async () => {
  const source = await write([{ ...ROW, file: '1.json' }], { '1.json': SWE_AGENT });
  const runsDir = join(folder, 'runs');
  const dead = await openStaging(runsDir);
  const half = await createRun(dead.dir, manifestOf('source-r', ['a__b-1']));
  await half.close();
  await writeFile(join(dead.dir, 'owner.json'), JSON.stringify({ ...(await ownIdentity()), startTicks: '1' }));
  const alive = await openStaging(runsDir);
  // A run that has come meanwhile is not replaced unasked.
  const twins = ['twin', 'twin'].map(() => manifestOf('twin', ['a__b-1']));
  for (const [at, manifest] of twins.entries()) {
    await (await createRun(alive.dir, manifest)).close();
    const published = alive.publish('twin', false);
    if (at === 0) expect(await published).toBe(join(runsDir, 'twin'));
    else await expect(published).rejects.toMatchObject({ code: 'ENOTEMPTY' });
  }
  await rm(join(runsDir, 'twin'), { recursive: true });
  expect(await fileRunStore(runsDir).list()).toEqual([]);
  const { runs } = await importFolder({ folder: source, runsDir, assayVersion: '0' });
  expect(runs.map(({ dir }) => dir)).toEqual([join(runsDir, 'source-r')]);
  expect((await readdir(runsDir)).map((name) => join(runsDir, name)).sort()).toEqual([alive.dir, runs[0]?.dir].sort());
  await alive.dispose();
});

test('a stopped import leaves nothing, and an import anew replaces what was imported alone', async () => {
  const source = await write([{ ...ROW, file: '1.json' }], { '1.json': SWE_AGENT });
  const runsDir = join(folder, 'runs');
  const importing = (more: { replace?: boolean; signal?: AbortSignal; prefix?: string } = {}) =>
    importFolder({ folder: source, runsDir, assayVersion: '0', ...more });
  await expect(importing({ signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
  expect(await readdir(runsDir)).toEqual([]);
  const [first] = (await importing()).runs;
  await expect(importing()).rejects.toMatchObject({
    code: 'store-invalid',
    hint: expect.stringContaining('--replace'),
  });
  await writeFile(join(first?.dir ?? '', 'mark'), '');
  const [second] = (await importing({ replace: true })).runs;
  expect(second).toEqual(first);
  expect(await readdir(second?.dir ?? '')).not.toContain('mark');
  const own = await createRun(runsDir, manifestOf('own-r', ['a__b-1']));
  await own.close();
  await expect(importing({ prefix: 'own', replace: true })).rejects.toMatchObject({
    hint: expect.stringContaining('It was not imported'),
  });
  expect((await readdir(runsDir)).sort()).toEqual(['own-r', 'source-r']);
});

test('an index without rows is none', async () => {
  const source = await write([], {});
  await expect(
    importFolder({ folder: source, runsDir: join(folder, 'runs'), assayVersion: '0' }),
  ).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringContaining('has no rows') });
});
