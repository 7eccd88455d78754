import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUILT_PROGRAM, runBuiltProgram } from '../support/built-program.ts';
import { startFakeCriticServer } from '../support/fake-critic-server.ts';
import { writeSelectionRun } from '../support/selection-run.ts';
import { WORLD } from '../support/selection-world.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-select-cli-'));
const assay = (...args: string[]) => runBuiltProgram(args, { cwd: home });
beforeAll(() => {
  writeSelectionRun(
    join(home, 'runs'),
    { ...WORLD, repositories: 6, instancesPerRepository: 2 },
    { seed: 4, steps: 2 },
  );
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

test('select writes predictions with reasons, and curves as text, JSON and SVG', async () => {
  const { code, stdout } = await assay(
    'select',
    'world',
    '--predictions',
    'best.jsonl',
    '--out',
    'all.json',
    '--svg',
    'curves.svg',
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/repository-0-0 +world#\d of 6 +(un)?resolved +chosen: /);
  for (const name of ['pass', 'oracle', 'random', 'first', 'last', 'shortest', 'majority', 'dollars'])
    expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  const rows = readFileSync(join(home, 'best.jsonl'), 'utf8').trim().split('\n');
  const document = JSON.parse(readFileSync(join(home, 'all.json'), 'utf8'));
  expect(rows).toHaveLength(document.instances.length);
  expect(JSON.parse(rows[0] ?? '')).toMatchObject({
    instance_id: 'repository-0-0',
    model_name_or_path: 'double__double/model__best-by-majority',
    reason: expect.stringMatching(/^chosen: /),
  });
  expect(document.curves).toMatchObject({ maxK: 6, clusteredBy: 'repository', leftOut: [] });
  expect(readFileSync(join(home, 'curves.svg'), 'utf8')).toContain('dollars per instance');
});

test('a critic decides by its score', async () => {
  const { code, stdout } = await assay('select', 'world', '--by', 'last', '--json');
  expect(code).toBe(0);
  const { instances, critic } = JSON.parse(stdout);
  expect(critic).toMatchObject({ name: 'last', usd: 0, failures: [] });
  for (const { winner, candidates } of instances) {
    const patched = candidates.filter((one: { vote: string | null }) => one.vote !== null);
    expect(winner.attempt).toBe((patched.at(-1) ?? candidates.at(-1)).attempt);
  }
});

test.each([
  [['select', 'world', 'world'], 'named twice'],
  [['critic', 'train', 'world', 'world'], 'named twice'],
  [['critic', 'export', 'world', 'world'], 'named twice'],
  [['critic', 'export', 'world', '--gamma', '7'], 'a discount is above 0 and at most 1'],
  [['select', 'world', '-i', 'nothing-*'], 'no instance of these runs matches nothing-*'],
  [['select', 'world', '--predictions', 'best.txt'], 'ends neither with .jsonl nor with .json'],
  [['select', 'world', '--by', 'nobody'], 'there is no critic nobody'],
  [['select', 'nothing'], 'run-not-found'],
  [
    ['run', 'tasks/starter', '-m', 'scripted:x', '--lookahead', '3', '--until-score', '1'],
    '--lookahead and --until-score: --critic is needed',
  ],
  [
    ['run', 'tasks/starter', '-m', 'scripted:x', '--critic', 'last', '--recover-fall', '1'],
    '--recover-fall needs --recover',
  ],
  [
    ['run', 'tasks/starter', '-m', 'scripted:x', '--critic', 'oracle', '--until-score', '1'],
    'there is none while an attempt goes on',
  ],
])('%j is refused', async (args, words) => {
  const { code, stderr } = await assay(...args);
  expect(stderr).toContain(words);
  expect(code).toBe(2);
});

/** Attempts of AutoCodeRover at two repositories, half of them resolved; `OWN` is the name of the set. */
function writeTrajectories(name: string, more: Record<string, unknown> = {}): string {
  const folder = join(home, name);
  mkdirSync(folder, { recursive: true });
  const rows = Array.from({ length: 12 }, (_, i) => {
    const added = '+z = 1\n'.repeat(1 + (i % 2) * 6);
    const document = {
      write_patch_conversation: [
        { role: 'user', content: '<issue>broken</issue>' },
        { role: 'assistant', content: 'I change it.' },
      ],
      extracted_patch: `diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-y = 0\n${added}`,
      ...more,
    };
    writeFileSync(join(folder, `${i}.json`), JSON.stringify(document));
    const instance_id = `o__r${i % 3}-${i}`;
    return JSON.stringify({ file: `${i}.json`, instance_id, run: 'one', model: 'm', resolved: i % 2 === 0 });
  });
  writeFileSync(join(folder, 'index.jsonl'), rows.join('\n'));
  return folder;
}

test('import, train, score, select, export: what a critic was trained on is told, what cannot be is refused', async () => {
  writeTrajectories('set');
  const first = await assay('import', 'set');
  expect(first.stdout).toContain('1 run with 12 attempts, 6 of them resolved');
  expect(await assay('import', 'set')).toMatchObject({ code: 2, stderr: expect.stringContaining('--replace') });
  expect(await assay('import', 'set', '--replace')).toMatchObject({ code: 0 });

  expect(await assay('critic', 'train', 'set-one', '--out', 'critic.json')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('trained on 12 attempts, 6 resolved; held out by instance: AUC'),
  });
  const trainedOnThese = { runs: ['set-one'], repositories: ['o/r0', 'o/r1', 'o/r2'] };
  for (const command of [
    ['select', 'set-one', '--by', 'embedded:critic.json'],
    ['critic', 'score', 'set-one', '--by', 'embedded:critic.json'],
  ]) {
    const [text, json] = [await assay(...command), await assay(...command, '--json')];
    expect(text.stderr).toContain('trained on these very attempts (set-one)');
    expect(text.stdout).toContain('warning: the critic embedded was trained on these very attempts');
    const document = JSON.parse(json.stdout);
    expect(document.critic.trainedOnThese ?? document.trainedOnThese).toMatchObject(trainedOnThese);
  }
  // Nothing to test with where the tasks are not here.
  expect(await assay('select', 'set-one', '--tests')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('set-one was imported from another tool: its tasks are not here'),
  });
  const scored = JSON.parse((await assay('critic', 'score', 'set-one', '--by', 'first', '--json')).stdout);
  expect(scored.trainedOnThese).toBeNull();
  expect(scored.scores.slice(0, 2)).toMatchObject([{ verdict: 'resolved' }, { verdict: 'unresolved' }]);

  const exported = await assay('critic', 'export', 'set-one', '--out', 'data');
  expect(exported).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/td\.jsonl: 12 rows\n.*orm\.jsonl: 12 rows\n$/s),
  });
}, 120_000);

test('critics have nothing to say of attempts that teach nothing, and say so', async () => {
  const told = 'Written an applicable patch, but it did not resolve the issue.';
  writeTrajectories('leaky', {
    write_patch_conversation: [
      { role: 'user', content: told },
      { role: 'assistant', content: 'I change it.' },
    ],
  });
  await assay('import', 'leaky');
  expect((await assay('critic', 'train', 'leaky-one')).stderr).toContain(
    '0 of 0 are resolved; left out: 12 of runs that tell what the hidden tests said',
  );
  const nothing = await assay('critic', 'export', 'leaky-one', '--out', 'nothing');
  expect(nothing).toMatchObject({ code: 2, stderr: expect.stringContaining('12 of runs that tell') });
  expect(readdirSync(home)).not.toContain('nothing');
}, 60_000);

test('a stop during a selection is said plainly, and one instance can be selected alone', async () => {
  const one = await assay('select', 'world', '-i', 'repository-1-*', '--limit', '1', '--json');
  expect(JSON.parse(one.stdout).instances.map(({ instanceId }: { instanceId: string }) => instanceId)).toEqual([
    'repository-1-0',
  ]);
  let asked = () => {};
  const waiting = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const server = await startFakeCriticServer(() => {
    asked();
    return 'silence';
  });
  try {
    const child = spawn(BUILT_PROGRAM[0], [BUILT_PROGRAM[1], 'select', 'world', '--by', `judge:${server.url}#m`], {
      cwd: home,
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    await waiting;
    child.kill('SIGTERM');
    expect(await ended).toBe(130);
    expect(stderr).toContain('stopped by SIGTERM: nothing was chosen, and no file was written [cancelled]');
  } finally {
    server.close();
  }
}, 60_000);
