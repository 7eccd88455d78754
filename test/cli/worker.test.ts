import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import type { RunReport } from '../../src/report/run-report.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { runKeys } from '../../src/share/account.ts';
import { openFileSharedStore } from '../../src/share/file-shared-store.ts';
import { BUILT_PROGRAM, runBuiltProgram } from '../support/built-program.ts';
import { type PlayedRun, writePlayedRun } from '../support/play-run.ts';
import { describeRequiring } from '../support/requirements.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-worker-'));
chmodSync(home, 0o711);
const backend = createNativeBackend({ paths: assayPaths(join(home, 'store')) });
const probe = await backend.probe();
await backend.close();
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 }));

const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', ASSAY_HOME: join(home, 'store') };
const assay = (...args: string[]) => runBuiltProgram(args, { cwd: home, env });

describeRequiring('sandboxes', probe.available ? undefined : probe.notes.join(' '), 'assay worker', () => {
  let played: PlayedRun;
  beforeAll(async () => {
    played = writePlayedRun(home, { tasks: 3, attempts: 2, latencyMs: 400 });
    expect(await assay('validate', join(home, 'tasks'), '--quiet')).toMatchObject({ code: 0 });
  }, 120_000);

  /** Offers a run and leaves it to others. */
  async function offer(name: string): Promise<string> {
    const shared = join(home, name, 'shared');
    const args = ['run', ...played.args, '--run-id', name, '--join', shared, '--lease-seconds', '3'];
    const { process: first, ended } = start(...args, '--runs-dir', join(home, name, 'first'));
    for (const until = Date.now() + 60_000; !(await begun(shared, name)); await sleep(50))
      if (Date.now() > until) throw new Error('nothing is offered');
    first.kill('SIGINT');
    await ended;
    return shared;
  }

  async function begun(shared: string, name: string): Promise<boolean> {
    if (!existsSync(shared)) return false;
    const store = await openFileSharedStore(shared);
    return (await store.versions(runKeys(name).attempts)).size > 0;
  }

  function start(...args: string[]) {
    const [node, program] = BUILT_PROGRAM;
    const child = spawn(node, [program, ...args], { cwd: home, env });
    const out = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (chunk: Buffer) => {
        out[name] += chunk.toString();
      });
    return { process: child, ended: once(child, 'close').then(([code]: number[]) => ({ code, ...out })) };
  }

  const gather = async (name: string, shared: string) => {
    const args = [...played.args, '--run-id', name, '--join', shared, '--lease-seconds', '3', '--json', '--quiet'];
    const { code, stdout } = await assay('run', ...args, '--runs-dir', join(home, name, 'gather'));
    return { code, report: JSON.parse(stdout) as RunReport };
  };

  test('does what is left, keeps nothing here, and finds nothing the second time', async () => {
    const shared = await offer('left');
    const { code, stdout } = await assay('worker', shared, '-j', '3', '--json', '--quiet');
    const { runs } = JSON.parse(stdout) as { runs: { runId: string; status: string; attempts: number }[] };
    expect([code, runs]).toEqual([0, [{ runId: 'left', status: 'completed', attempts: expect.any(Number) }]]);
    expect(readdirSync(join(home, 'store', 'workers'))).toEqual([]);
    expect(await assay('worker', shared, '--json', '--quiet')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"runs": []'),
    });
    const { report } = await gather('left', shared);
    expect(report).toMatchObject({ status: 'completed', resolved: played.attempts });
    expect(report.aside).toBeUndefined();
  }, 120_000);

  test('SIGTERM and --max-time give back what is under way, and no step of it is paid again', async () => {
    const shared = await offer('drained');
    const worker = start('worker', shared, '-j', '2', '--json');
    // Its first line says that it has begun; the steps take so long that some are under way then.
    await once(worker.process.stderr, 'data');
    await sleep(1_000);
    worker.process.kill('SIGTERM');
    expect((await worker.ended).code).toBe(130);
    expect((await assay('worker', shared, '-j', '2', '--max-time', '2', '--quiet')).code).toBe(0);
    expect(readdirSync(join(home, 'store', 'workers'))).toEqual([]);
    const { report } = await gather('drained', shared);
    expect(report).toMatchObject({ status: 'completed', resolved: played.attempts });
    expect(report.aside).toBeUndefined();
    expect(report.usd).toBeCloseTo(played.attempts * 4 * 0.01);
  }, 120_000);

  test('with --forever an outage while it is idle is waited for, and told', async () => {
    const shared = join(home, 'outage');
    mkdirSync(shared);
    const worker = start('worker', shared, '--forever');
    let told = '';
    worker.process.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString();
    });
    const untilTold = async (words: string) => {
      for (const until = Date.now() + 60_000; !told.includes(words); await sleep(50))
        if (Date.now() > until) throw new Error(`${words} is not said: ${told}`);
    };
    await untilTold('waiting for runs');
    renameSync(shared, `${shared}.gone`);
    await untilTold('cannot be reached');
    renameSync(`${shared}.gone`, shared);
    await untilTold('answers again');
    worker.process.kill('SIGTERM');
    expect((await worker.ended).code).toBe(130);
  }, 150_000);

  test('a run that nobody offers, and a store that cannot be', async () => {
    const shared = join(home, 'empty');
    const mistyped = await assay('worker', shared);
    expect([mistyped.code, mistyped.stderr]).toEqual([2, expect.stringContaining('there is no such folder')]);
    mkdirSync(shared);
    expect(await assay('worker', shared, '--run', 'nobody')).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('No run nobody is offered'),
    });
    expect(await assay('worker', shared)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing is left'),
    });
    expect(await assay('worker', 'ftp://x/y')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no shared store'),
    });
  });
});
