/** What every `RunStore` must do. An implementation's test calls this with a way to make an empty store. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunEvent, RunStore } from '../../src/contracts/index.ts';
import { eventMaker, manifestOf, replyOf } from '../support/run-fixtures.ts';

const ASIDE = { owner: 'b', token: 2, reason: 'late', steps: 1, usd: 0.25, unknownCosts: 0 };

export interface StoreUnderTest {
  store: RunStore;
  cleanUp(): Promise<void>;
}

export function describeRunStore(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`run store: ${name}`, () => {
    let store: RunStore;
    let cleanUp: () => Promise<void>;
    beforeEach(async () => {
      ({ store, cleanUp } = await make());
    });
    afterEach(() => cleanUp());

    const collect = async (events: AsyncIterable<RunEvent>) => {
      const all: RunEvent[] = [];
      for await (const event of events) all.push(event);
      return all;
    };
    const at = '2026-01-01T00:00:00.000Z';

    test('gives back what was appended, in order, for the run and for each attempt', async () => {
      const run = await store.create(manifestOf('r1', ['a', 'b']));
      const a = eventMaker('a');
      const events = [a.start(), a.reply(1, replyOf('x'.repeat(100_000))), a.result(1, 'c', '§ \u0000 \ud800')];
      const start: RunEvent = { type: 'run-start', at, runId: 'r1', attemptsPlanned: 2 };
      await run.append(start);
      await Promise.all(events.map((event) => run.append(event)));
      await run.close();
      expect(await collect(store.events('r1', { instanceId: 'a', attempt: 1 }))).toEqual(events);
      expect(await collect(store.events('r1'))).toEqual([start, events[0]]);
      expect(await collect(store.events('r1', { instanceId: 'b', attempt: 1 }))).toEqual([]);
    });

    test('gives files beside an attempt back, to whoever reads without opening', async () => {
      const run = await store.create(manifestOf('r1', ['a']));
      const ref = { instanceId: 'a', attempt: 1 };
      await run.keepGradeArtifact(ref, { name: 'page.png', data: Buffer.from([0, 255, 10]) });
      const kept = join(run.dir, 'attempts', ref.instanceId, String(ref.attempt), 'artifacts', 'page.png');
      expect([...(await readFile(kept))]).toEqual([0, 255, 10]);
      await run.writeArtifact(ref, 'patch.diff', 'ünïcode\n');
      expect([await store.readArtifact('r1', ref, 'patch.diff'), await run.readArtifact(ref, 'patch.diff')]).toEqual([
        'ünïcode\n',
        'ünïcode\n',
      ]);
      expect(await store.readArtifact('r1', ref, 'report.json')).toBeNull();
      await expect(store.readArtifact('r2', ref, 'patch.diff')).rejects.toMatchObject({ code: 'run-not-found' });
      await run.close();
    });

    test('folds every planned attempt into the record', async () => {
      const run = await store.create(manifestOf('r1', ['a', 'b', 'c', 'd'], { attempts: 2 }));
      for (const id of ['a', 'b', 'c']) {
        const events = eventMaker(id);
        await run.append(events.start());
        await run.append(events.reply(1, replyOf('hello', { retries: [retry(400)] })));
        if (id !== 'c') {
          const { totals } = await run.history({ instanceId: id, attempt: 1 });
          await run.append(events.end(totals));
        }
        if (id === 'a') await run.append(events.graded(true));
      }
      const record = await run.record();
      expect(record.status).toBe('running');
      expect(record.attempts.map(({ instanceId, attempt, state }) => `${instanceId}${attempt} ${state}`)).toEqual([
        'a1 finished',
        'b1 solved-ungraded',
        'c1 running',
        'd1 pending',
        'a2 pending',
        'b2 pending',
        'c2 pending',
        'd2 pending',
      ]);
      expect(record.attempts[0]).toMatchObject({
        repo: 'repo',
        environmentDigest: 'sha256:e',
        patchDigest: 'sha256:p',
        report: { verdict: 'resolved' },
        totals: { steps: 1, usd: 0.25, unknownCosts: 0, wallMs: 1000, workingMs: 600, usage: { inputUncached: 10 } },
      });
      await run.append({ type: 'run-end', at, runId: 'r1', status: 'interrupted' });
      await run.close();
      expect(await store.load('r1')).toEqual({ ...record, status: 'interrupted' });
    });

    test("another process's account of an attempt takes the place of what was put aside", async () => {
      const [ours, theirs] = [await store.create(manifestOf('r1', ['a'])), await store.create(manifestOf('r2', ['a']))];
      const ref = { instanceId: 'a', attempt: 1 };
      const long = 'y'.repeat(100_000);
      for (const [run, resolved, text] of [
        [ours, false, 'ours'],
        [theirs, true, long],
      ] as const) {
        const a = eventMaker('a');
        await run.append(a.start());
        await run.append(a.reply(1, replyOf(text)));
        await run.append(a.end((await run.history(ref)).totals));
        await run.append(a.graded(resolved));
      }
      await theirs.close();
      await ours.putAside(ref, 'late');
      expect(await ours.history(ref)).toMatchObject({ record: null, recorded: [] });
      expect((await ours.record()).attempts[0]).toMatchObject({ state: 'pending', report: null });
      const account = { attempt: join(theirs.dir, 'attempts', 'a', '1'), blobs: join(theirs.dir, 'blobs') };
      expect((await ours.adopt(ref, account)).map(({ type }) => type)).toEqual([
        'attempt-start',
        'attempt-end',
        'grade-end',
      ]);
      await ours.append({ type: 'work-aside', at, aside: { ...ref, ...ASIDE } });
      await ours.close();
      const again = await store.open('r1');
      const record = await again.record();
      expect(record.attempts[0]).toMatchObject({ state: 'finished', report: { resolved: true } });
      expect(record.aside).toEqual([{ ...ref, ...ASIDE }]);
      expect((await again.history(ref)).recorded[0]?.reply.message.content[0]).toMatchObject({ text: long });
      await again.close();
    });

    test('recorded steps: first replies, first results, up to a gap; totals count each step once', async () => {
      const run = await store.create(manifestOf('r1', ['a']));
      const a = eventMaker('a');
      for (const event of [
        a.start(),
        a.reply(1, replyOf('one')),
        a.result(1, 'c1', 'seen'),
        a.resume(2),
        a.result(1, 'c1', 'again', 'different'),
        a.reply(2, replyOf('two', { cost: { kind: 'unknown' } })),
        a.reply(2, replyOf('two, twice in the log')),
        a.reply(4, replyOf('four')),
      ])
        await run.append(event);
      const history = await run.history({ instanceId: 'a', attempt: 1 });
      expect(history.recorded.map(({ step, reply }) => [step, reply.message.content[0]])).toEqual([
        [1, { type: 'text', text: 'one' }],
        [2, { type: 'text', text: 'two' }],
      ]);
      expect(history.recorded[0]?.results.map((result) => result.content)).toEqual([[{ type: 'text', text: 'seen' }]]);
      expect(history.totals).toMatchObject({ steps: 3, usd: 0.5, unknownCosts: 1, wallMs: 5000 });
      expect(history.record).toMatchObject({ state: 'running' });
      expect(await run.history({ instanceId: 'a', attempt: 2 })).toMatchObject({ record: null, recorded: [] });
      await run.close();
    });

    test('an attempt that is gone on with after an end without a verdict counts as running again', async () => {
      const run = await store.create(manifestOf('r1', ['a']));
      const a = eventMaker('a');
      await run.append(a.start());
      const { totals } = await run.history({ instanceId: 'a', attempt: 1 });
      await run.append(a.end(totals, false));
      expect((await run.record()).attempts[0]).toMatchObject({ state: 'failed', outcome: { status: 'done' } });
      await run.append(a.resume(1));
      expect((await run.record()).attempts[0]).toMatchObject({ state: 'running', outcome: null, patchDigest: null });
      await run.close();
    });

    test('one writer per run; closing gives it back', async () => {
      const run = await store.create(manifestOf('r1', ['a']));
      await expect(store.open('r1')).rejects.toMatchObject({
        code: 'run-locked',
        message: expect.stringContaining(`process ${process.pid} `) as string,
      });
      expect((await store.load('r1')).status).toBe('running');
      await run.close();
      await run.close();
      const again = await store.open('r1');
      expect(again.manifest).toEqual(run.manifest);
      await again.close();
      expect((await store.load('r1')).status).toBe('interrupted');
    });

    test('artifacts: whole files per attempt, also for odd instance ids', async () => {
      const ids = ['../../evil', 'a/b', 'A b', '', '.', 'ü', `${'long'.repeat(100)}1`, `${'long'.repeat(100)}2`];
      const run = await store.create(manifestOf('r1', ids));
      for (const instanceId of ids) {
        await run.writeArtifact({ instanceId, attempt: 1 }, 'patch.diff', `old ${instanceId}`);
        await run.writeArtifact({ instanceId, attempt: 1 }, 'patch.diff', `patch of ${instanceId}`);
      }
      for (const instanceId of ids) {
        expect(await run.readArtifact({ instanceId, attempt: 1 }, 'patch.diff')).toBe(`patch of ${instanceId}`);
        expect(await run.readArtifact({ instanceId, attempt: 2 }, 'patch.diff')).toBeNull();
        expect(await run.readArtifact({ instanceId, attempt: 1 }, 'eval.sh')).toBeNull();
      }
      await run.close();
    });

    test('lists runs newest first, with their status', async () => {
      expect(await store.list()).toEqual([]);
      const old = await store.create(manifestOf('old', ['a'], { createdAt: '2025-01-01T00:00:00.000Z' }));
      await old.append({ type: 'run-end', at, runId: 'old', status: 'completed' });
      await old.close();
      const run = await store.create(manifestOf('new', ['a']));
      expect((await store.list()).map(({ manifest, status }) => [manifest.runId, status])).toEqual([
        ['new', 'running'],
        ['old', 'completed'],
      ]);
      await run.close();
    });

    test('follows what is appended, blobs put back, until told to stop', async () => {
      const run = await store.create(manifestOf('r1', ['a']));
      const stop = new AbortController();
      const seen: RunEvent[] = [];
      const ref = { instanceId: 'a', attempt: 1 };
      const following = (async () => {
        for await (const event of store.follow('r1', { ref, signal: stop.signal })) {
          seen.push(event);
          if (seen.length === 2) stop.abort();
        }
      })();
      const a = eventMaker('a');
      const events = [a.start(), a.reply(1, replyOf('y'.repeat(50_000)))];
      for (const event of events) await run.append(event);
      await following;
      expect(seen).toEqual(events);
      await run.close();
    });

    test('says what is wrong with an id', async () => {
      const run = await store.create(manifestOf('r1', ['a']));
      await run.close();
      await expect(store.create(manifestOf('r1', ['a']))).rejects.toMatchObject({ code: 'store-invalid' });
      await expect(store.create(manifestOf('../r2', ['a']))).rejects.toMatchObject({ code: 'store-invalid' });
      await expect(store.open('r2')).rejects.toMatchObject({ code: 'run-not-found' });
      await expect(store.load('../r1')).rejects.toMatchObject({ code: 'run-not-found' });
      await expect(collect(store.events('r2'))).rejects.toMatchObject({ code: 'run-not-found' });
    });
  });
}

function retry(waitedMs: number) {
  return { waitedMs, failure: { code: 'model-overloaded', class: 'model', message: 'busy', retryable: true } as const };
}
