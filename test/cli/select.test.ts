import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeSelectionRun } from '../support/selection-run.ts';
import { WORLD } from '../support/selection-world.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-select-cli-'));
beforeAll(() => {
  writeSelectionRun(
    join(home, 'runs'),
    { ...WORLD, repositories: 6, instancesPerRepository: 2 },
    { seed: 4, steps: 2 },
  );
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** The built program, as users run it: `npm test` builds first. */
function assay(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../bin/assay.mjs'), ...args], { cwd: home });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    out.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    out.stderr += chunk.toString();
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...out })));
}

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
