import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import type { RunReport } from '../../src/report/run-report.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { killAndResume } from '../run/kill-harness.ts';
import { BUILT_PROGRAM, runBuiltProgram } from '../support/built-program.ts';
import {
  type Behaviour,
  type FakeModelServer,
  type SeenRequest,
  startFakeModelServer,
} from '../support/fake-model-server/fake-model-server.ts';
import { describeRequiring } from '../support/requirements.ts';
import { writeSampleTask } from '../support/sample-task.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-cli-'));
chmodSync(home, 0o711);
const backend = createNativeBackend({ paths: assayPaths(join(home, 'store')) });
const probe = await backend.probe();
await backend.close();
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 }));

const ENV = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', ASSAY_HOME: join(home, 'store') };

const assay = (args: readonly string[], env: Record<string, string> = {}) =>
  runBuiltProgram(args, { cwd: home, env: { ...ENV, ...env } });

describe('what users get wrong', () => {
  test('help names every command', async () => {
    const { code, stdout } = await assay(['--help']);
    expect(code).toBe(0);
    for (const name of ['demo', 'run', 'resume', 'validate', 'show', 'compare', 'dataset', 'env', 'doctor'])
      expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
  });

  test.each([
    [['run', 'tasks/starter'], 2, 'a run needs a model'],
    [['run', 'no/such/set', '--model', 'scripted:x'], 2, 'dataset-not-found'],
    [['run', 'tasks/starter', '--model', 'nobody/x'], 2, 'names no model'],
    [['run', 'tasks/starter', '--model', 'anthropic/claude-sonnet-4-5'], 2, 'ANTHROPIC_API_KEY'],
    [['run', 'tasks/starter', '--model', 'scripted:/no/such/file'], 2, 'cannot be read'],
    [['run', 'tasks/starter', '--model', 'x', '--jobs', 'many'], 2, 'It must be a number'],
    [['run', 'tasks/starter', '--model', 'x', '--colour', 'red'], 2, 'unknown option'],
    [['validate', 'tasks/starter', '--instance', 'nothing-*'], 2, 'instance-not-found'],
    [['show', 'no-such-run'], 2, 'run-not-found'],
    [['requeue', 'no-such-run'], 2, 'run-not-found'],
    [['fly'], 2, 'unknown command'],
  ] as const)('%j', async (args, code, words) => {
    const result = await assay(args);
    expect(result.stderr).toContain(words);
    expect(result.code).toBe(code);
    expect(readdirSync(home)).not.toContain('runs');
  });

  test('a limit in dollars needs a known price', async () => {
    const args = ['run', 'tasks/starter', '--model', 'anthropic/claude-unheard-of', '--max-cost', '1'];
    const { code, stderr } = await assay(args, { ANTHROPIC_API_KEY: 'x' });
    expect([code, stderr]).toEqual([2, expect.stringContaining('model-price-unknown')]);
  });

  test('with --json an error is a document on stdout', async () => {
    const { code, stdout } = await assay(['show', 'no-such-run', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'run-not-found', class: 'input' } });
  });
});

describeRequiring(
  'sandboxes',
  probe.available ? undefined : probe.notes.join(' '),
  'runs through the command line',
  () => {
    const TASKS = Array.from({ length: 10 }, (_, index) => `task-${index}`);
    let server: FakeModelServer;
    const tasks = join(home, 'tasks');

    /** Task 3 is given up, task 7 is fixed wrongly, the others are solved in four commands. */
    function behave({ body }: Pick<SeenRequest, 'body'>): Behaviour {
      const messages = body.messages as { role: string; content: unknown }[];
      const id = /Solve (task-\d+)\./.exec(JSON.stringify(messages[0]))?.[1] ?? '';
      const step = messages.filter((message) => message.role === 'assistant').length + 1;
      const usage = { uncached: 10 * step, cacheRead: 100, cacheWrite: 5, output: 7 };
      const fix =
        id === 'task-7' ? "sed -i 's/Math.abs(value)/0/' src/sum.mjs" : "sed -i 's/Math.abs(value)/value/' src/sum.mjs";
      const commands = [
        'cat src/sum.mjs',
        'export SEEN=1; mkdir -p /tmp/x; cd /tmp/x',
        'pwd; echo $SEEN; cd /testbed',
        fix,
      ];
      const last = id === 'task-3' ? 2 : commands.length;
      if (step > last) return { kind: 'reply', delayMs: 100, text: 'done', usage };
      return {
        kind: 'reply',
        delayMs: 100,
        calls: [{ name: 'bash', input: { command: commands[step - 1] }, id: `toolu_${id}_${step}` }],
        usage,
      };
    }

    beforeAll(async () => {
      server = await startFakeModelServer(behave);
      for (const id of TASKS) writeFileSync(join(writeSampleTask(tasks, id), 'issue.md'), `Solve ${id}.\n`);
      expect(await assay(['validate', tasks, '--json'], {})).toMatchObject({ code: 0 });
    }, 120_000);
    afterAll(() => server.close());

    const key = () => ({ ANTHROPIC_API_KEY: 'test', ANTHROPIC_BASE_URL: server.url });
    const runArgs = (runId: string) => [
      'run',
      tasks,
      '--model',
      'anthropic/claude-sonnet-4-5',
      '--run-id',
      runId,
      '-j',
      '3',
      '--json',
      '--quiet',
    ];
    const comparable = (report: RunReport) => ({
      ...report,
      runId: '',
      dir: '',
      workingMs: 0,
      rows: report.rows.map((row) => ({ ...row, workingMs: 0 })),
    });

    test('a run, its report, show and compare; then killed 20 times and resumed: the same report, nothing asked twice', async () => {
      const whole = await assay(runArgs('whole'), key());
      expect(whole.stderr).toBe('');
      const report = JSON.parse(whole.stdout) as RunReport;
      expect(report).toMatchObject({
        status: 'completed',
        resolved: 8,
        finished: 10,
        infraFailures: 0,
        unknownCosts: 0,
      });
      expect(report.rows.find((row) => row.instanceId === 'task-3')?.verdict).toBe('empty-patch');
      const replies = server.seen.length;
      expect(replies).toBe(9 * 5 + 3);
      expect((await assay(['show', 'whole'])).stdout).toContain('resolved 8 of 10: 80.0 % [49.0 %, 94.3 %]');
      expect((await assay(['show', 'whole', 'task-7'])).stdout).toMatch(
        /task-7 attempt 1: unresolved[\s\S]*ACTION bash\n {2}cat src\/sum.mjs/,
      );
      expect(readFileSync(join(home, 'runs/whole/attempts/task-1/1/patch.diff'), 'utf8')).toContain(
        '+export const sum',
      );

      server.seen.length = 0;
      const finished = new Set<string>();
      const result = await killAndResume({
        run: { argv: [...BUILT_PROGRAM, ...runArgs('killed')], env: { ...ENV, ...key() }, cwd: home },
        resume: {
          argv: [...BUILT_PROGRAM, 'resume', 'killed', '-j', '3', '--json', '--quiet'],
          env: { ...ENV, ...key() },
          cwd: home,
        },
        runDir: join(home, 'runs/killed'),
        kills: 20,
        seed: 7,
        longestWaitMs: () => 900,
        onKilled: async () => {
          const shown = JSON.parse((await assay(['show', 'killed', '--json'])).stdout) as RunReport;
          const now = new Set(shown.rows.filter((row) => row.state === 'finished').map((row) => row.instanceId));
          for (const id of finished) expect(now).toContain(id);
          for (const id of now) finished.add(id);
        },
      });
      expect(result.exitCode).toBe(0);
      expect(comparable(JSON.parse(result.stdout) as RunReport)).toEqual(comparable(report));
      const digests = server.seen.map((request) => request.digest);
      expect(new Set(digests).size).toBe(digests.length);
      expect(server.seen).toHaveLength(replies);
      const compared = JSON.parse(
        (await assay(['compare', 'whole', 'killed', '--svg', 'cost.svg', '--json'])).stdout,
      ) as { pairs: { p: number; both: string[] }[] };
      expect(compared.pairs[0]).toMatchObject({ p: 1, both: expect.arrayContaining(['task-1']) });
      expect(readFileSync(join(home, 'cost.svg'), 'utf8')).toContain('</svg>');
      expect((await assay(['env', 'gc', '--json'])).code).toBe(0);
      expect(readdirSync(join(home, 'store/sandboxes'))).toEqual([]);
    }, 280_000);

    test('what was recorded is replayed without the server', async () => {
      const cassette = join(home, 'cassette.jsonl');
      const first = await assay([...runArgs('recorded'), '--record', cassette, '-i', 'task-1'], key());
      expect(first.code).toBe(0);
      const again = await assay(['run', tasks, '--model', `replay:${cassette}`, '-i', 'task-1', '--json', '--quiet']);
      expect(JSON.parse(again.stdout)).toMatchObject({ resolved: 1, finished: 1 });
    }, 60_000);
  },
);
