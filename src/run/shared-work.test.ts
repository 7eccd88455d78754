import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  comparableAttempts,
  gatedStore,
  LEASE_MS,
  type SharedRunWorld,
  sharedRunWorld,
} from '../../test/support/shared-run.ts';
import { sha256 } from '../base/digest.ts';
import { AssayError, type RunRecord, type SharedStore } from '../contracts/index.ts';
import { attemptEntrySchema, runKeys } from '../share/account.ts';
import { openFileSharedStore } from '../share/file-shared-store.ts';
import { planDigest } from '../share/offer.ts';
import { packAttempt } from '../share/pack-attempt.ts';
import { fileRunStore } from '../store/file-run-store.ts';

const IDS = Array.from({ length: 6 }, (_, index) => `task-${index}`);
let world: SharedRunWorld;
beforeEach(async () => {
  world = await sharedRunWorld(IDS);
});
afterEach(() => world.cleanUp());

const resolved = (record: RunRecord) => record.attempts.filter((one) => one.report?.resolved === true).length;

test('two processes share the attempts; each is made once, and both end with the same whole record', async () => {
  const [a, b] = [await world.join('a'), await world.join('b')];
  for (const one of [a, b]) one.model.before = () => sleep(30);
  const [ofA, ofB] = await Promise.all([a.work(), b.work()]);
  expect([ofA.status, ofB.status, resolved(ofA)]).toEqual(['completed', 'completed', IDS.length]);
  expect(comparableAttempts(ofA)).toEqual(comparableAttempts(ofB));
  expect([...a.model.paid.keys(), ...b.model.paid.keys()].sort()).toEqual(
    [...new Set([...a.model.paid.keys(), ...b.model.paid.keys()])].sort(),
  );
  expect(a.model.paid.size).toBeGreaterThan(0);
  expect(b.model.paid.size).toBeGreaterThan(0);
  expect(a.model.paid.size + b.model.paid.size).toBe(IDS.length * 4);
  // A third one finds nothing to do and has it all, too.
  const c = await world.join('c');
  expect(comparableAttempts(await c.work())).toEqual(comparableAttempts(ofA));
  expect(c.model.paid.size).toBe(0);
  const stored = await fileRunStore(join(world.folder, 'c')).load('shared');
  expect(comparableAttempts(stored)).toEqual(comparableAttempts(ofA));
});

test('who pauses gives its attempts back, and the next one goes on without paying a step again', async () => {
  const [a, b] = [await world.join('a'), await world.join('b')];
  a.model.before = (_id, step) => {
    if (step === 3) a.control.pause();
  };
  expect((await a.work()).status).toBe('interrupted');
  const record = await b.work();
  expect(resolved(record)).toBe(IDS.length);
  expect(record.aside).toBeUndefined();
  const keys = [...a.model.paid.keys(), ...b.model.paid.keys()];
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys).toHaveLength(IDS.length * 4);
  // The first one comes back and is told the rest; its own steps are in the others' account.
  const again = await world.join('a');
  const ofA = await again.work();
  expect(comparableAttempts(ofA)).toEqual(comparableAttempts(record));
  expect(ofA.aside).toBeUndefined();
});

test('a process that froze for longer than its lease puts its work aside, and no result counts twice', async () => {
  let thaw = () => {};
  const ice = new Promise<void>((resolve) => {
    thaw = resolve;
  });
  let frozen: Promise<void> = Promise.resolve();
  const through = (store: SharedStore) => gatedStore(store, () => frozen);
  const [a, b] = [await world.join('a', { through }), await world.join('b')];
  a.model.before = (_id, step) => {
    if (step === 2) frozen = ice;
  };
  const ofA = a.work();
  while (a.model.paid.size < 2) await sleep(10);
  const ofB = await b.work();
  thaw();
  const late = await ofA;
  expect(resolved(ofB)).toBe(IDS.length);
  expect(comparableAttempts(late)).toEqual(comparableAttempts(ofB));
  expect(b.model.paid.size).toBe(IDS.length * 4);
  expect(late.aside?.map(({ owner, usd }) => [owner, usd > 0])).toEqual([
    ['a', true],
    ['a', true],
  ]);
  // Paid and not counted: what A has paid, and not what is in the record.
  const spent = a.model.paid.size * 0.25;
  expect(late.aside?.reduce((sum, { usd }) => sum + usd, 0)).toBeCloseTo(spent);
  expect(late.attempts.reduce((sum, { totals }) => sum + (totals?.usd ?? 0), 0)).toBeCloseTo(IDS.length * 4 * 0.25);
});

test('the steps of a long attempt outlive the process that paid for them', async () => {
  let dead = () => {};
  const death = new Promise<void>((resolve) => {
    dead = resolve;
  });
  let alive: Promise<void> = Promise.resolve();
  const [a, b] = [await world.join('a', { through: (store) => gatedStore(store, () => alive) }), await world.join('b')];
  a.model.before = async (_id, step) => {
    await sleep(LEASE_MS / 2);
    if (step === 4) alive = death;
    await alive;
  };
  const ofA = a.work();
  while (alive !== death) await sleep(10);
  const before = [...a.model.paid.keys()];
  const ofB = await b.work();
  expect(resolved(ofB)).toBe(IDS.length);
  // Of what the other one had paid, and had left word of, nothing is paid again.
  const again = before.filter((key) => b.model.paid.has(key));
  expect(before.length).toBeGreaterThanOrEqual(5);
  expect(again.length).toBeLessThanOrEqual(2);
  expect(b.model.paid.size).toBeLessThan(IDS.length * 4);
  dead();
  expect(comparableAttempts(await ofA)).toEqual(comparableAttempts(ofB));
});

test('results wait while the store gives no answer, and nothing is lost or paid twice', async () => {
  let down = false;
  const through = (store: SharedStore) =>
    gatedStore(store, async () => {
      if (down) throw new AssayError('store-unreachable', 'nobody there', { class: 'infra', retryable: true });
    });
  const [a, b] = [await world.join('a', { through }), await world.join('b', { through })];
  for (const one of [a, b])
    one.model.before = async (_id, step) => {
      if (step === 2 && !down && one.model.paid.size < 6) {
        down = true;
        setTimeout(() => {
          down = false;
        }, 3 * LEASE_MS);
      }
      await sleep(20);
    };
  const [ofA, ofB] = await Promise.all([a.work(), b.work()]);
  expect(resolved(ofA)).toBe(IDS.length);
  expect(comparableAttempts(ofA)).toEqual(comparableAttempts(ofB));
  expect([...(ofA.aside ?? []), ...(ofB.aside ?? [])]).toEqual([]);
  expect(a.model.paid.size + b.model.paid.size).toBe(IDS.length * 4);
  const notes = [...a.seen, ...b.seen].flatMap((event) => (event.type === 'note' ? event.message : []));
  expect(notes).toContainEqual(expect.stringMatching(/nobody there.*Work goes on/));
  expect(notes).toContainEqual(expect.stringMatching(/answers again/));
});

test('who is told to end while the store gives no answer ends after its steps; what it did is handed in later', async () => {
  let down = false;
  const through = (store: SharedStore) =>
    gatedStore(store, async () => {
      if (down) throw new AssayError('store-unreachable', 'nobody there', { class: 'infra', retryable: true });
    });
  const a = await world.join('a', { through });
  a.model.before = () => {
    if (a.model.paid.size < 6) return;
    down = true;
    a.control.pause();
  };
  const stopped = await a.work();
  expect(stopped.status).toBe('interrupted');
  expect(a.seen).toContainEqual(
    expect.objectContaining({ type: 'note', message: expect.stringMatching(/handed in when the run is resumed/) }),
  );
  down = false;
  const again = await world.join('a');
  expect(resolved(await again.work())).toBe(IDS.length);
  expect(a.model.paid.size + again.model.paid.size).toBe(IDS.length * 4);
});

test('a process that was killed goes on with its own folder: its steps and its finished attempts are handed in', async () => {
  const a = await world.join('a', {
    through: (store) => ({
      ...store,
      // As if it had been killed before it could hand in.
      putBytes: async () => {
        throw new AssayError('config-invalid', 'killed here', { class: 'input' });
      },
    }),
  });
  expect((await a.work()).status).toBe('failed');
  const again = await world.join('a');
  const record = await again.work();
  expect(resolved(record)).toBe(IDS.length);
  const keys = [...a.model.paid.keys(), ...again.model.paid.keys()];
  expect(new Set(keys).size).toBe(keys.length);
  expect(a.model.paid.size).toBeGreaterThan(0);
});

test('an attempt that failed stays so for who joins, and is made again by who resumes', async () => {
  const a = await world.join('a');
  a.model.before = (id) => {
    if (id === 'task-3') throw new AssayError('model-server-error', 'down', { class: 'model', retryable: false });
  };
  const failed = await a.work();
  expect(failed.attempts.map(({ state }) => state).filter((state) => state === 'failed')).toHaveLength(1);
  const b = await world.join('b');
  expect(comparableAttempts(await b.work())).toEqual(comparableAttempts(failed));
  const c = await world.join('c', { retryFailed: true });
  expect(resolved(await c.work())).toBe(IDS.length);
  expect([...c.model.paid.keys()]).toHaveLength(4);
});

test('a worker leaves the results of the others where they are', async () => {
  const [a, b] = [await world.join('a'), await world.join('b', { gather: false })];
  for (const one of [a, b]) one.model.before = () => sleep(30);
  const [ofA, ofB] = await Promise.all([a.work(), b.work()]);
  expect(resolved(ofA)).toBe(IDS.length);
  expect([resolved(ofB), ofB.status]).toEqual([b.model.paid.size / 4, 'completed']);
});

/** Puts `bytes` in the place of the result of task-0, as one who can write to the store may. */
async function poison(bytes: Buffer, digest: string = sha256(bytes)) {
  const store = await openFileSharedStore(world.storeFolder);
  const ref = { instanceId: 'task-0', attempt: 1 };
  const keys = runKeys('shared');
  const entry = await store.get(keys.attempt(ref));
  await store.putBytes('runs/shared/bundles/evil', bytes);
  const account = { key: 'runs/shared/bundles/evil', digest, bytes: bytes.length, state: 'finished' };
  const text = JSON.stringify({ state: 'done', token: 9, owner: 'evil', refused: 0, account });
  await store.put(keys.attempt(ref), text, entry?.version ?? null);
}

test('results that do not belong here are refused, named, and made again', async () => {
  const a = await world.join('a');
  const good = await a.work();
  const of = { runId: 'shared', planDigest: planDigest(good.manifest), instanceId: 'task-0', attempt: 1 };
  const header = { formatVersion: 1, ...of, owner: 'evil', token: 9 } as const;
  const log = join(a.dir, 'attempts', 'task-0', '1', 'events.jsonl');
  const whole = await readFile(log, 'utf8');
  const packed = async (text: string, more: object = {}) => {
    await writeFile(log, text);
    return await packAttempt(a.dir, { ...header, ...more });
  };
  const tryOne = async (name: string, bytes: Buffer, message: RegExp, digest?: string) => {
    await poison(bytes, digest);
    const one = await world.join(name);
    const record = await one.work();
    const notes = one.seen.flatMap((event) => (event.type === 'note' ? event.message : []));
    expect(notes).toContainEqual(expect.stringMatching(message));
    expect(notes).toContainEqual(expect.stringContaining('task-0, attempt 1'));
    expect(comparableAttempts(record)).toEqual(comparableAttempts(good));
    expect([...one.model.paid.keys()].map((key) => key.split('/')[1])).toEqual(Array(4).fill('task-0'));
  };
  await tryOne('torn', await packed(whole.slice(0, -20)), /torn/);
  await tryOne('no-json', await packed(`${whole}{"type":\n`), /no events/);
  await tryOne('unended', await packed(`${whole.split('\n').slice(0, 3).join('\n')}\n`), /does not come to an end/);
  await tryOne('other-run', await packed(whole, { runId: 'another' }), /belongs to another attempt or run: runId/);
  await tryOne('other-plan', await packed(whole, { planDigest: 'y' }), /belongs to another .*planDigest/);
  await tryOne('other-attempt', await packed(whole.replaceAll('task-0', 'task-1')), /an event of something else/);
  await tryOne('no-bundle', Buffer.from('no gzip'), /cannot be unpacked/);
  const store = await openFileSharedStore(world.storeFolder);
  const elsewhere = { key: '../../../etc/passwd', digest: 'sha256:0', bytes: 1, state: 'finished' };
  const key = runKeys('shared').attempt({ instanceId: 'task-0', attempt: 1 });
  const forged = JSON.stringify({ state: 'done', token: 9, owner: 'evil', refused: 0, account: elsewhere });
  await store.put(key, forged, (await store.get(key))?.version ?? null);
  const told = await world.join('no-key');
  expect(comparableAttempts(await told.work())).toEqual(comparableAttempts(good));
  expect(told.seen).toContainEqual(expect.objectContaining({ message: expect.stringContaining('account.key') }));
  await tryOne('changed', await packed(whole), /not those that its entry names/, 'sha256:0');
}, 60_000);

const FIRST = { instanceId: 'task-0', attempt: 1 };

/** Resolves with the entry of task-0 when its result is handed in. */
async function whenHandedIn() {
  const store = await openFileSharedStore(world.storeFolder);
  const key = runKeys('shared').attempt(FIRST);
  for (;;) {
    const found = await store.get(key);
    const entry = found === null ? null : attemptEntrySchema.safeParse(JSON.parse(found.text)).data;
    if (found !== null && entry?.state === 'done')
      return { store, key, version: found.version, account: entry.account };
    await sleep(10);
  }
}

test('a result that the others cannot read is handed in again by who has it, and not made anew', async () => {
  const [a, b] = [await world.join('a'), await world.join('b')];
  let go = () => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  a.model.before = async (id) => {
    if (id === 'task-5') await held;
  };
  const ofA = a.work();
  const { store, account } = await whenHandedIn();
  await store.putBytes(account?.key ?? '', Buffer.from('rotten'));
  const ofB = b.work();
  while (b.seen.every((event) => !(event.type === 'note' && event.message.includes('task-0')))) await sleep(10);
  while ((await whenHandedIn()).account?.key === account?.key) await sleep(10);
  go();
  expect(comparableAttempts(await ofA)).toEqual(comparableAttempts(await ofB));
  expect(resolved(await ofB)).toBe(IDS.length);
  expect([...b.model.paid.keys()].filter((key) => key.includes('task-0'))).toEqual([]);
  expect([(await ofA).aside, (await ofB).aside]).toEqual([undefined, undefined]);
});

test('a result that was made anew elsewhere replaces the one here, and what that had cost is told', async () => {
  let thaw = () => {};
  let frozen: Promise<void> = Promise.resolve();
  const [a, b] = [
    await world.join('a', { through: (store) => gatedStore(store, () => frozen) }),
    await world.join('b'),
  ];
  a.model.before = async (id) => {
    if (id === 'task-5') await frozen;
  };
  const ofA = a.work();
  const { store, key, version } = await whenHandedIn();
  frozen = new Promise((resolve) => {
    thaw = resolve;
  });
  await store.put(key, 'rubbish', version);
  const whole = await b.work();
  expect([...b.model.paid.keys()].filter((paid) => paid.includes('task-0'))).toHaveLength(4);
  thaw();
  const late = await ofA;
  expect(late.attempts.map(({ totals }) => totals?.wallMs)).toEqual(whole.attempts.map(({ totals }) => totals?.wallMs));
  const ofFirst = late.aside?.filter(({ instanceId }) => instanceId === 'task-0');
  expect(ofFirst).toMatchObject([{ owner: 'a', usd: 1 }]);
  const spent = (a.model.paid.size + b.model.paid.size) * 0.25;
  const counted = late.attempts.reduce((sum, { totals }) => sum + (totals?.usd ?? 0), 0);
  expect(counted + (late.aside ?? []).reduce((sum, { usd }) => sum + usd, 0)).toBeCloseTo(spent);
});
