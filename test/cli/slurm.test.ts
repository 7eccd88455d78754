import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
import { type SlurmCluster, slurmProblem, startSlurm } from '../support/slurm-cluster.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-slurm-run-'));
chmodSync(home, 0o711);
const backend = createNativeBackend({ paths: assayPaths(join(home, 'store')) });
const probe = await backend.probe();
await backend.close();
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 }));

const problem = slurmProblem() ?? (probe.available ? undefined : probe.notes.join(' '));

describeRequiring('slurm', problem, 'assay worker under Slurm', () => {
  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', ASSAY_HOME: join(home, 'store') };
  const shared = join(home, 'shared');
  let cluster: SlurmCluster;
  let played: PlayedRun;
  beforeAll(async () => {
    cluster = await startSlurm();
    played = writePlayedRun(home, { tasks: 6, attempts: 10, latencyMs: 50 });
    await runBuiltProgram(['validate', join(home, 'tasks'), '--quiet'], { cwd: home, env });
  }, 120_000);
  afterAll(() => cluster.close());

  /** Attempts that have their result, by the nodes whose workers handed them in. */
  async function done(): Promise<string[]> {
    const store = await openFileSharedStore(shared);
    const keys = [...(await store.versions(runKeys('array').attempts)).keys()];
    const entries = await Promise.all(keys.map((key) => store.get(key)));
    return entries.flatMap((entry) => {
      const { state, owner } = JSON.parse(entry?.text ?? '{}') as { state?: string; owner?: string };
      return state === 'done' && owner !== undefined ? [owner] : [];
    });
  }

  test('an array of workers does a run of 60 attempts, while a node dies under two of them', async () => {
    const args = ['--run-id', 'array', '--join', shared, '--lease-seconds', '3', '-j', '1', '--json'];
    const gathering = runBuiltProgram(['run', ...played.args, ...args], { cwd: home, env });
    const script = join(home, 'job.sh');
    const [node, program] = BUILT_PROGRAM;
    writeFileSync(script, `#!/bin/sh\nexec srun ${node} ${program} worker ${shared} -j 1 --quiet --json\n`);
    while ((await done()).length === 0) await sleep(100);
    const output = join(home, 'worker-%a.json');
    const job = ['--array=1-6', '--cpus-per-task=10', '--mem=1000', '--no-requeue', `--output=${output}`, script];
    const submitted = cluster.run('sbatch', job, env);
    expect(submitted.stderr).toBe('');
    while (new Set(await done()).size < 4) await sleep(100);
    await cluster.cut('n3');
    const { code, stdout, stderr } = await gathering;
    expect([code, stderr.slice(-1_000)]).toEqual([0, expect.stringContaining('run completed')]);
    const report = JSON.parse(stdout) as RunReport;
    expect(report).toMatchObject({ status: 'completed', finished: played.attempts, resolved: played.attempts });
    const owners = await done();
    expect(owners).toHaveLength(60);
    expect(new Set(owners).size).toBeGreaterThanOrEqual(4);
    // The workers of the nodes that live end by themselves.
    for (const until = Date.now() + 20_000; Date.now() < until; await sleep(200))
      if (cluster.run('squeue', ['--noheader', '--states=RUNNING']).stdout.trim() === '') return;
    throw new Error(cluster.run('squeue', []).stdout);
  }, 150_000);
});
