/** Judges on the command line: calibrated, in tournaments, measured as they are; training data guarded by time. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runBuiltProgram } from '../support/built-program.ts';
import { type FakeCriticServer, startFakeCriticServer } from '../support/fake-critic-server.ts';
import { writeSelectionRun } from '../support/selection-run.ts';
import { WORLD } from '../support/selection-world.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-critics-cli-'));
const assay = (...args: string[]) => runBuiltProgram(args, { cwd: home });
let server: FakeCriticServer;
beforeAll(async () => {
  writeSelectionRun(
    join(home, 'runs'),
    { ...WORLD, repositories: 6, instancesPerRepository: 2 },
    { seed: 4, steps: 2 },
  );
  // Asked about one attempt it has two opinions, by the length of what it is shown; of two it likes the one whose text sorts first.
  server = await startFakeCriticServer(({ messages }) => {
    const [, shown = { content: '' }] = messages as { content: string }[];
    const [a, b] = [/# Attempt A([\s\S]*)# Attempt B/.exec(shown.content)?.[1], shown.content.split('# Attempt B')[1]];
    const single = shown.content.length % 2 === 0 ? 'NO 30' : 'YES 80';
    const content = a === undefined || b === undefined ? single : a.trim() < b.trim() ? 'A 90' : 'B 10';
    return { body: { choices: [{ message: { content } }], usage: { cost: 0.01 } } };
  });
});
afterAll(() => {
  server.close();
  rmSync(home, { recursive: true, force: true });
});

test('a judge is calibrated on graded attempts, and then a critic by the name of its file', async () => {
  const judge = `judge-patch:${server.url}#m`;
  const made = await assay('critic', 'calibrate', 'world', '--by', judge, '--out', 'judge.json');
  expect(made.stderr).toBe('');
  expect(made.stdout).toMatch(
    /judge\.json: fitted on 84 attempts, \d+ resolved, 0 without a score; AUC 0\.\d+; held out by/,
  );
  expect(made.stdout).toContain('cost $0.8400');
  const file = JSON.parse(readFileSync(join(home, 'judge.json'), 'utf8'));
  expect(file).toMatchObject({
    critic: judge,
    calibration: { kind: 'platt' },
    card: { attempts: 84, runs: ['world'] },
  });
  const scored = JSON.parse(
    (await assay('critic', 'score', 'world', '--by', 'calibrated:judge.json', '--json')).stdout,
  );
  expect(scored).toMatchObject({ critic: 'judge, calibrated', calibrated: true });
  expect(new Set(scored.scores.map((one: { score: number }) => one.score)).size).toBe(2);
  // These very attempts were learnt from.
  expect(scored.trainedOnThese).toMatchObject({ runs: ['world'] });
  const plain = await assay('critic', 'score', 'world', '--by', judge);
  expect(plain.stdout).toContain('scores of judge are not calibrated: they order attempts of one instance');
});

test('eval measures a critic as it is', async () => {
  const judge = `judge-patch:${server.url}#m`;
  const { code, stdout } = await assay('critic', 'eval', 'world', '--by', judge);
  expect(code).toBe(0);
  expect(stdout).toContain('judge: its scores are not calibrated: they have no Brier score and no calibration error');
  expect(stdout).toMatch(/^ {2}all +84 +\d+ {2}0\.\d{3} {6}- {6}-$/m);
  expect(stdout).toMatch(/^ {2}critic /m);
  expect(stdout).toContain('cost $0.8400, 0 without a score');
});

test('a tournament asks about each pair in both orders, and is paid for', async () => {
  const before = server.seen.length;
  const by = `judge-patch-pairs:${server.url}#m`;
  const { code, stdout } = await assay('select', 'world', '--by', by, '--json');
  expect(code).toBe(0);
  const { critic } = JSON.parse(stdout);
  const asked = server.seen.length - before;
  expect(critic.tournament).toEqual({ pairs: asked / 2, contradictions: 0, unanswered: 0 });
  expect(critic).toMatchObject({ name: 'judge-patch-pairs', calibrated: false, failures: [] });
  expect(critic.usd).toBeCloseTo(0.01 * asked, 9);
  const again = JSON.parse((await assay('select', 'world', '--by', by, '--json')).stdout);
  expect(again.critic).toEqual(critic);
});

test('nothing of later instances is in training data', async () => {
  const rows = Array.from({ length: 6 }, (_, repository) => ({
    instance_id: `repository-${repository}-0`,
    created_at: `20${18 + repository}-05-01T00:00:00Z`,
  }));
  writeFileSync(join(home, 'dates.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const guard = ['--before', '2021-05-01', '--dates', 'dates.jsonl'];
  const exported = await assay('critic', 'export', 'world', ...guard, '--json');
  expect(JSON.parse(exported.stdout).leftOut).toMatchObject({ later: 18, undated: 48 });
  const td = readFileSync(join(home, 'critic-data/td.jsonl'), 'utf8').trim().split('\n');
  const names = new Set(td.map((line) => JSON.parse(line).instance_id));
  expect([...names].sort()).toEqual(['repository-0-0', 'repository-1-0', 'repository-2-0']);
  const trained = await assay('critic', 'train', 'world', ...guard);
  expect(trained.stdout).toContain('trained on 18 attempts');
  expect(trained.stdout).toContain('18 at instances made later, 48 at instances without a date');
  const { card } = JSON.parse(readFileSync(join(home, 'critic.json'), 'utf8'));
  expect(card.leftOut.time).toEqual({ before: '2021-05-01T00:00:00.000Z', later: 18, undated: 48 });
});

test.each([
  [['critic', 'calibrate', 'world'], 'name the critic with --by'],
  [['critic', 'calibrate', 'world', '--by', 'oracle'], 'there is none while an attempt goes on'],
  [['critic', 'score', 'world', '--by', 'calibrated:none.json'], 'cannot read'],
  [['critic', 'train', 'world', '--before', '2021-05-01'], '--before and --dates go together'],
  [['critic', 'export', 'world', '--before', 'May', '--dates', 'x.jsonl'], 'takes a day such as 2024-06-30'],
  [['select', 'world', '--by', 'judge-pairs:nowhere'], 'names no server and model'],
  [['run', 'tasks/starter', '-m', 'scripted:x', '--lookahead-fork'], '--lookahead-fork needs --lookahead'],
  [['run', 'tasks/starter', '-m', 'scripted:x', '--recover-share', '0.5'], '--recover-share needs --recover'],
  [['run', 'tasks/starter', '-m', 'scripted:x', '--recover', '--recover-share', '2'], 'a share between 0 and 1'],
])('%j is refused', async (args, words) => {
  const { code, stderr } = await assay(...args);
  expect(stderr).toContain(words);
  expect(code).toBe(2);
});
