/** What every `SharedStore` must do, and what leases kept in it must hold. An implementation's test calls this with a way to open the same empty place as often as asked. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SharedStore } from '../../src/contracts/index.ts';
import type { Account } from '../../src/share/account.ts';
import { LeaseBook } from '../../src/share/lease-book.ts';

/** To be called within a `describe`. `open` gives a further client of the same place each time. */
export function sharedStoreCases(open: () => Promise<SharedStore>): void {
  let stores: SharedStore[] = [];
  let root: string;
  const another = async () => {
    const store = await open();
    stores.push(store);
    return store;
  };
  beforeEach(() => {
    root = `t-${randomUUID()}`;
  });
  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    stores = [];
  });

  test('texts are replaced only by who has seen them as they are', async () => {
    const [a, b] = [await another(), await another()];
    const key = `${root}/word%20~.x/1`;
    expect(await a.get(key)).toBeNull();
    expect(await a.put(key, 'x', '1')).toBeNull();
    const first = await a.put(key, 'one', null);
    expect(first).toEqual(expect.any(String));
    expect(await b.put(key, 'two', null)).toBeNull();
    expect(await b.get(key)).toEqual({ text: 'one', version: first });
    const second = await b.put(key, 'two §', first);
    expect(second).not.toEqual(first);
    expect(await a.put(key, 'three', first)).toBeNull();
    expect(await a.get(key)).toEqual({ text: 'two §', version: second });
  });

  test('of many that write at once exactly one wins each round', async () => {
    const clients = [await another(), await another(), await another()];
    const key = `${root}/contended`;
    let version: string | null = null;
    for (let round = 0; round < 8; round++) {
      const before: string | null = version;
      const wins: { text: string; version: string }[] = [];
      const writers = [...clients, ...clients].map(async (store, index) => {
        const text = `${round}-${index}`;
        const won = await store.put(key, text, before);
        if (won !== null) wins.push({ text, version: won });
      });
      await Promise.all(writers);
      expect(wins).toHaveLength(1);
      expect(await clients[round % 3]?.get(key)).toEqual(wins[0]);
      version = wins[0]?.version ?? null;
    }
  });

  test('lists what is below a prefix, with versions, and nothing else', async () => {
    const [a, b] = [await another(), await another()];
    const versions = new Map<string, string>();
    for (const name of ['p/a/1', 'p/a/2', 'p/b/1']) {
      const version = await a.put(`${root}/${name}`, name, null);
      if (version !== null) versions.set(`${root}/${name}`, version);
    }
    await a.put(`${root}/pq/c/1`, 'c', null);
    expect(await b.versions(`${root}/p`)).toEqual(versions);
    expect(await b.versions(`${root}/none`)).toEqual(new Map());
    const changed = await b.put(`${root}/p/a/2`, 'new', versions.get(`${root}/p/a/2`) ?? null);
    expect((await a.versions(`${root}/p`)).get(`${root}/p/a/2`)).toBe(changed);
  });

  test('a prefix with more than a thousand texts is listed whole', async () => {
    const store = await another();
    const keys = Array.from({ length: 1_100 }, (_, index) => `${root}/many/${index}/1`);
    for (let from = 0; from < keys.length; from += 50)
      await Promise.all(keys.slice(from, from + 50).map((key) => store.put(key, key, null)));
    expect([...(await store.versions(`${root}/many`)).keys()].sort()).toEqual([...keys].sort());
  });

  test('bytes come back as they were, small and large', async () => {
    const [a, b] = [await another(), await another()];
    const large = Buffer.alloc(9 * 1024 * 1024, Buffer.from(Array.from({ length: 251 }, (_, index) => index)));
    await a.putBytes(`${root}/bytes/large`, large);
    await a.putBytes(`${root}/bytes/empty`, Buffer.alloc(0));
    expect((await b.getBytes(`${root}/bytes/large`))?.equals(large)).toBe(true);
    expect(await b.getBytes(`${root}/bytes/empty`)).toEqual(Buffer.alloc(0));
    expect(await b.getBytes(`${root}/bytes/none`)).toBeNull();
    await a.putBytes(`${root}/bytes/large`, Buffer.from('again'));
    expect((await b.getBytes(`${root}/bytes/large`))?.toString()).toBe('again');
  });

  const ref = { instanceId: 'a/b c', attempt: 1 };
  const account = (key: string): Account => ({ key, digest: `sha256:${key}`, bytes: 1, state: 'finished' });
  const bookOf = async (owner: string, leaseMs = 60_000) =>
    new LeaseBook({ store: await another(), runId: root, owner, leaseMs });
  const join = async (...books: LeaseBook[]) => {
    for (const book of books) await book.beat();
    for (const book of books) await book.survey();
  };

  test('one of several claims an attempt; only its holder completes it, once', async () => {
    const [a, b] = [await bookOf('a'), await bookOf('b')];
    await join(a, b);
    const claims = await Promise.all([a.claim(ref), b.claim(ref)]);
    expect(claims.filter((lease) => lease !== null)).toHaveLength(1);
    const [winner, loser] = claims[0] === null ? [b, a] : [a, b];
    const lease = claims[0] ?? claims[1];
    if (lease === null || lease === undefined) throw new Error('nobody has it');
    await loser.survey();
    expect(loser.canClaim(ref)).toBe(false);
    expect(await winner.complete(lease, account('first'))).toBe(true);
    expect(await winner.complete(lease, account('second'))).toBe(false);
    await loser.survey();
    expect(loser.sight(ref).entry).toMatchObject({ state: 'done', token: 1, account: { key: 'first' } });
    expect(loser.canClaim(ref)).toBe(false);
  });

  test('a silent owner loses its lease after its time, a heartbeat keeps it; who wakes up late cannot complete', async () => {
    const leaseMs = 400;
    const [a, b] = [await bookOf('a', leaseMs), await bookOf('b', leaseMs)];
    await join(a, b);
    const lease = await a.claim(ref);
    if (lease === null) throw new Error('not claimed');
    for (let waited = 0; waited < 3 * leaseMs; waited += 100) {
      await a.beat();
      await b.survey();
      expect(b.canClaim(ref)).toBe(false);
      await sleep(100);
    }
    const until = performance.now() + 20 * leaseMs;
    while (!b.canClaim(ref) && performance.now() < until) {
      await sleep(50);
      await b.survey();
    }
    const stolen = await b.claim(ref);
    expect(stolen).toMatchObject({ token: 2, before: 'a' });
    await a.survey();
    expect(a.isHeld(lease)).toBe(false);
    expect(await a.complete(lease, account('late'))).toBe(false);
    if (stolen === null) throw new Error('not stolen');
    expect(await b.complete(stolen, account('right'))).toBe(true);
    await a.survey();
    expect(a.sight(ref).entry).toMatchObject({ state: 'done', owner: 'b', account: { key: 'right' } });
  });

  test('what is given back is taken at once, with the word that was left', async () => {
    const [a, b] = [await bookOf('a'), await bookOf('b')];
    await join(a, b);
    const lease = await a.claim(ref);
    if (lease === null) throw new Error('not claimed');
    expect(await a.tell(lease, { ...account('half'), state: 'running' })).toBe(true);
    expect(await a.giveBack(lease)).toBe(true);
    await b.survey();
    expect(await b.claim(ref)).toMatchObject({ token: 2, account: { key: 'half', state: 'running' } });
  });

  test('an entry that cannot be read is named and replaced', async () => {
    const b = await bookOf('b');
    const store = await another();
    await store.put(`runs/${root}/attempts/a%2Fb%20c/1`, '{"state":"done', null);
    await join(b);
    expect(b.sight(ref).damaged).toMatch(/not JSON/);
    expect(await b.claim(ref)).toMatchObject({ token: 1 });
  });

  test('work that does not count is listed, and what is no such note passed over', async () => {
    const a = await bookOf('a');
    const store = await another();
    const aside = { ...ref, owner: 'a', token: 3, reason: 'late', steps: 2, usd: 0.5, unknownCosts: 0 };
    await a.putAside(aside);
    await a.putAside({ ...aside, usd: 0.75 });
    await store.put(`runs/${root}/asides/x/1/1-z`, 'rubbish', null);
    expect(await a.asides()).toEqual([{ ...aside, usd: 0.75 }]);
  });
}
