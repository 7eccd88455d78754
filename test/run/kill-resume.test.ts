import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunEvent, RunRecord } from '../../src/contracts/index.ts';
import { fileRunStore } from '../../src/store/file-run-store.ts';
import { type FakeModelServer, startFakeModelServer } from '../support/fake-model-server/fake-model-server.ts';
import { type Command, killAndResume } from './kill-harness.ts';
import { behave, KILL_STEPS, KILL_TASKS } from './kill-tasks.ts';

const KILLS = 20;
let folder: string;
let server: FakeModelServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-kill-'));
  server = await startFakeModelServer(behave);
});
afterEach(async () => {
  await server.close();
  // Couriers end by themselves a few seconds after their last client; until then they may write here.
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 1_000 });
});

function command(mode: 'run' | 'resume', runId: string): Command {
  const tsx = createRequire(import.meta.url).resolve('tsx');
  const child = join(import.meta.dirname, 'run-child.ts');
  return {
    argv: [process.execPath, '--import', tsx, child, mode, folder, runId, server.url],
    // Sandboxes of killed processes stay behind in the folder of this test.
    env: { ...process.env, TMPDIR: folder },
  };
}

/** How often each question reached the server. */
function askedTwice(): string[] {
  const counts = new Map<string, number>();
  for (const { digest } of server.seen) counts.set(digest, (counts.get(digest) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 1).map(([digest]) => digest);
}

/** From the first event of a run to its last. */
async function workMs(events: AsyncIterable<RunEvent>): Promise<number> {
  const times: number[] = [];
  for await (const { at } of events) times.push(Date.parse(at));
  return Math.max(...times) - Math.min(...times);
}

/** The record without what two runs of the same work may differ in: names, folders, times, receipts. */
function comparable(record: RunRecord): unknown {
  return {
    status: record.status,
    attempts: record.attempts.map(({ totals, report, sandboxUsage: _, ...attempt }) => ({
      ...attempt,
      totals: totals === null ? null : { ...totals, wallMs: 0, workingMs: 0 },
      report: report === null ? null : { ...report, durationMs: 0 },
    })),
  };
}

test(`killed ${KILLS} times at random moments and resumed: same report, nothing finished lost, nothing asked twice`, async () => {
  const whole = JSON.parse(
    (
      await killAndResume({
        run: command('run', 'whole'),
        resume: command('resume', 'whole'),
        runDir: join(folder, 'whole'),
        kills: 0,
        seed: 0,
        longestWaitMs: () => 0,
      })
    ).stdout,
  ) as RunRecord;
  expect(whole.status).toBe('completed');
  expect(whole.attempts.filter((one) => one.report?.resolved === true)).toHaveLength(9);
  const replies = (KILL_TASKS.length - 1) * (KILL_STEPS + 1) + KILL_STEPS / 2 + 1;
  expect(server.seen).toHaveLength(replies);
  server.seen.length = 0;

  const store = fileRunStore(folder);
  // On a slower machine the moments lie further apart, so that the kills are spread over most of the work everywhere.
  const usualWaitMs = (1.6 * (await workMs(store.events('whole')))) / KILLS;
  // ... and longer while nothing gets finished: other work may have slowed the machine since.
  let longestWaitMs = usualWaitMs;
  const runDir = join(folder, 'killed');
  /** Finished attempts and the content of their logs when they were first seen. */
  const finished = new Map<string, string>();
  const unfinishedAtKill: number[] = [];
  const check = async () => {
    const before = finished.size;
    const { attempts } = await store.load('killed');
    for (const { instanceId, state } of attempts) {
      const log = createHash('sha256')
        .update(await readFile(join(runDir, 'attempts', instanceId, '1', 'events.jsonl')).catch(() => ''))
        .digest('hex');
      if (finished.has(instanceId))
        expect([instanceId, state, log]).toEqual([instanceId, 'finished', finished.get(instanceId)]);
      if (state === 'finished') finished.set(instanceId, log);
    }
    unfinishedAtKill.push(KILL_TASKS.length - finished.size);
    longestWaitMs = finished.size > before ? usualWaitMs : longestWaitMs * 1.2;
  };
  const result = await killAndResume({
    run: command('run', 'killed'),
    resume: command('resume', 'killed'),
    runDir,
    kills: KILLS,
    seed: 20_260_101,
    longestWaitMs: () => longestWaitMs,
    onKilled: check,
  });

  expect(result).toMatchObject({ killed: KILLS, exitCode: 0 });
  // All kills hit a run that still had work to do, and some of them after attempts had finished.
  expect(Math.min(...unfinishedAtKill)).toBeGreaterThan(0);
  expect(finished.size, `unfinished at each kill: ${unfinishedAtKill}`).toBeGreaterThan(0);
  await check();
  expect(finished.size).toBe(KILL_TASKS.length);
  const record = JSON.parse(result.stdout) as RunRecord;
  expect(comparable(record)).toEqual(comparable(whole));
  expect(comparable(await store.load('killed'))).toEqual(comparable(whole));
  expect(askedTwice()).toEqual([]);
  expect(server.seen).toHaveLength(replies);
  expect(await readdir(runDir)).not.toContainEqual(expect.stringMatching(/\.tmp$/));
}, 300_000);
