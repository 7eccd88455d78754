import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import type { RunEvent } from '../../src/contracts/index.ts';
import type { RunReport } from '../../src/report/run-report.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { fileRunStore } from '../../src/store/file-run-store.ts';
import { BUILT_PROGRAM, runBuiltProgram } from '../support/built-program.ts';
import { type PlayedRun, writePlayedRun } from '../support/play-run.ts';
import { describeRequiring } from '../support/requirements.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-join-'));
chmodSync(home, 0o711);
const backend = createNativeBackend({ paths: assayPaths(join(home, 'store')) });
const probe = await backend.probe();
await backend.close();
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 }));

const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', ASSAY_HOME: join(home, 'store') };
const LEASE_SECONDS = 3;

interface Joined {
  runsDir: string;
  process: ChildProcess;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

describeRequiring('sandboxes', probe.available ? undefined : probe.notes.join(' '), 'assay run --join', () => {
  let played: PlayedRun;
  beforeAll(async () => {
    played = writePlayedRun(home, { tasks: 4, attempts: 3, latencyMs: 250 });
    expect(await runBuiltProgram(['validate', join(home, 'tasks'), '--quiet'], { cwd: home, env })).toMatchObject({
      code: 0,
    });
  }, 120_000);

  const argsOf = (runId: string, who: string) => [
    'run',
    ...played.args,
    ...['--run-id', runId, '--runs-dir', join(home, runId, who), '--join', join(home, runId, 'shared')],
    ...['--lease-seconds', String(LEASE_SECONDS), '-j', '2', '--json'],
  ];

  function start(runId: string, who: string): Joined {
    const [node, program] = BUILT_PROGRAM;
    const child = spawn(node, [program, ...argsOf(runId, who)], { cwd: home, env });
    const out = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (chunk: Buffer) => {
        out[name] += chunk.toString();
      });
    const ended = once(child, 'close').then(([code]: (number | null)[]) => ({ code: code ?? null, ...out }));
    return { runsDir: join(home, runId, who), process: child, ended };
  }

  const events = async ({ runsDir }: Joined, runId: string): Promise<RunEvent[]> => {
    const all: RunEvent[] = [];
    for await (const event of fileRunStore(runsDir).events(runId)) all.push(event);
    return all;
  };

  /** Waits until a process has graded so many attempts itself. */
  async function untilGraded(one: Joined, runId: string, count: number): Promise<void> {
    for (const until = Date.now() + 60_000; Date.now() < until; await sleep(50)) {
      const graded = (await events(one, runId).catch(() => [])).filter(({ type }) => type === 'grade-end');
      if (graded.length >= count) return;
    }
    throw new Error('it does not get on');
  }

  const comparable = (report: RunReport) => ({
    ...{ ...report, aside: undefined },
    dir: '',
    workingMs: 0,
    rows: report.rows.map((row) => ({ ...row, workingMs: 0 })),
  });

  /** Verdicts that count: per attempt the last one, where the log has not forgotten it since. */
  const verdicts = (all: readonly RunEvent[]) => {
    const counts = new Map<string, number>();
    for (const event of all) {
      if (event.type === 'attempt-forget') counts.delete(`${event.of.instanceId}#${event.of.attempt}`);
      if (event.type !== 'grade-end') continue;
      const key = `${event.instanceId}#${event.attempt}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  };

  test('one of two is killed in the middle: the other ends the run, nothing is missing or graded twice', async () => {
    const [a, b] = [start('killed', 'a'), start('killed', 'b')];
    await untilGraded(a, 'killed', 1);
    a.process.kill('SIGKILL');
    const { code, stdout, stderr } = await b.ended;
    expect([code, stderr.slice(-2_000)]).toEqual([0, expect.stringContaining('run completed')]);
    const report = JSON.parse(stdout) as RunReport;
    expect(report).toMatchObject({ status: 'completed', finished: played.attempts, resolved: played.attempts });
    const counts = verdicts(await events(b, 'killed'));
    expect([counts.size, Math.max(...counts.values())]).toEqual([played.attempts, 1]);
    // Whoever comes again has it all without work; the killed one has paid steps that do not count.
    const again = await start('killed', 'a').ended;
    expect(again.code).toBe(0);
    expect(comparable(JSON.parse(again.stdout) as RunReport)).toEqual(comparable(report));
    const single = await runBuiltProgram(['run', ...played.args, '-j', '4', '--json', '--quiet'], { cwd: home, env });
    const alone = { ...(JSON.parse(single.stdout) as RunReport), runId: 'killed' };
    expect(comparable(report)).toEqual(comparable(alone));
  }, 120_000);

  test('one of two is stopped for longer than a lease: it is told so when it goes on, and both end alike', async () => {
    const [a, b] = [start('stopped', 'a'), start('stopped', 'b')];
    await untilGraded(a, 'stopped', 1);
    a.process.kill('SIGSTOP');
    const ofB = await b.ended;
    a.process.kill('SIGCONT');
    const ofA = await a.ended;
    expect([ofA.code, ofB.code]).toEqual([0, 0]);
    const [one, other] = [JSON.parse(ofA.stdout) as RunReport, JSON.parse(ofB.stdout) as RunReport];
    expect(comparable(one)).toEqual(comparable(other));
    expect(other).toMatchObject({ finished: played.attempts, resolved: played.attempts });
    expect(ofA.stderr).toContain('another process had taken it over');
    expect(one.aside).toMatchObject({ pieces: expect.any(Number), unknownCosts: 0 });
    for (const joined of [a, b]) {
      const counts = verdicts(await events(joined, 'stopped'));
      expect([counts.size, Math.max(...counts.values())]).toEqual([played.attempts, 1]);
    }
  }, 120_000);

  test('another plan under the same name is refused, and says what differs', async () => {
    const first = start('plan', 'a');
    await untilGraded(first, 'plan', 1);
    const other = await runBuiltProgram([...argsOf('plan', 'b'), '--max-steps', '7'], { cwd: home, env });
    expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/has another plan: limits differs/)]);
    first.process.kill('SIGINT');
    expect((await first.ended).code).toBe(130);
  }, 60_000);

  test('flags that need one process are refused, and a password in a URL is', async () => {
    const until = await runBuiltProgram([...argsOf('x', 'a'), '--until-score', '0.5'], { cwd: home, env });
    expect([until.code, until.stderr]).toEqual([2, expect.stringContaining('--until-score does not go with --join')]);
    const args = ['run', ...played.args, '--join', 'postgres://me:hunter2@127.0.0.1/x'];
    const secret = await runBuiltProgram(args, { cwd: home, env });
    expect([secret.code, secret.stderr]).toEqual([2, expect.stringContaining('A password does not belong')]);
    expect(secret.stderr).not.toContain('hunter2');
  });
});
