import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AsyncCache } from '../src/cache.js';
import { deferred, settle } from './support/settle.js';

/** A cache whose loads are settled by hand: `loads` holds { key, resolve, reject } in the order of the calls. */
function manual(options) {
  const loads = [];
  const cache = new AsyncCache((key) => {
    const gate = deferred();
    loads.push({ key, ...gate });
    return gate.promise;
  }, options);
  return { cache, loads };
}

describe('AsyncCache', () => {
  it('loads a key once', async () => {
    let calls = 0;
    const cache = new AsyncCache(async (key) => `${key}${++calls}`);
    assert.deepEqual([await cache.get('a'), await cache.get('a'), await cache.get('b')], ['a1', 'a1', 'b2']);
  });

  it('shares a load that is under way', async () => {
    const { cache, loads } = manual();
    const both = Promise.all([cache.get('a'), cache.get('a')]);
    await settle();
    assert.equal(loads.length, 1);
    loads[0].resolve('x');
    assert.deepEqual(await both, ['x', 'x']);
  });

  it('does not remember failures', async () => {
    let calls = 0;
    const cache = new AsyncCache(() => {
      if (++calls === 1) throw new Error('down');
      return 'up';
    });
    await assert.rejects(cache.get('a'), /down/);
    assert.equal(await cache.get('a'), 'up');
  });

  it('forgets a value after its time to live', async () => {
    let now = 0;
    let calls = 0;
    const cache = new AsyncCache(async () => ++calls, { ttl: 50, now: () => now });
    await cache.get('a');
    now = 49;
    assert.equal(await cache.get('a'), 1);
    now = 50;
    assert.equal(await cache.get('a'), 2);
  });

  it('loads again after invalidate and clear', async () => {
    let calls = 0;
    const cache = new AsyncCache(async () => ++calls);
    await cache.get('a');
    cache.invalidate('a');
    assert.equal(await cache.get('a'), 2);
    cache.clear();
    assert.equal(await cache.get('a'), 3);
  });

  it('starts a new load after invalidate though an old one is under way', async () => {
    const { cache, loads } = manual();
    const before = cache.get('a');
    await settle();
    cache.invalidate('a');
    const after = cache.get('a');
    await settle();
    assert.equal(loads.length, 2);
    loads[0].resolve('old');
    loads[1].resolve('new');
    assert.deepEqual(await Promise.all([before, after]), ['old', 'new']);
    assert.equal(await cache.get('a'), 'new');
  });

  it('does not let a late old load replace a newer value', async () => {
    const { cache, loads } = manual();
    const before = cache.get('a');
    await settle();
    cache.invalidate('a');
    const after = cache.get('a');
    await settle();
    assert.equal(loads.length, 2);
    loads[1].resolve('new');
    assert.equal(await after, 'new');
    loads[0].resolve('old');
    assert.equal(await before, 'old');
    assert.equal(await cache.get('a'), 'new');
    assert.equal(loads.length, 2);
  });

  it('keeps nothing of an old load that ends after invalidate', async () => {
    const { cache, loads } = manual();
    const before = cache.get('a');
    await settle();
    cache.invalidate('a');
    loads[0].resolve('old');
    assert.equal(await before, 'old');
    const after = cache.get('a');
    await settle();
    assert.equal(loads.length, 2);
    loads[1].resolve('new');
    assert.equal(await after, 'new');
  });

  for (const outcome of ['resolve', 'reject']) {
    it(`goes on sharing the newer load when the old one ends (${outcome})`, async () => {
      const { cache, loads } = manual();
      const before = cache.get('a');
      const ended = before.catch(() => {});
      await settle();
      cache.invalidate('a');
      const first = cache.get('a');
      await settle();
      assert.equal(loads.length, 2);
      loads[0][outcome]('old');
      await ended;
      await settle();
      const second = cache.get('a');
      await settle();
      assert.equal(loads.length, 2);
      loads[1].resolve('new');
      assert.deepEqual(await Promise.all([first, second]), ['new', 'new']);
    });
  }

  it('treats clear like invalidate for every key', async () => {
    const { cache, loads } = manual();
    const before = Promise.all([cache.get('a'), cache.get('b')]);
    await settle();
    cache.clear();
    const after = Promise.all([cache.get('a'), cache.get('b')]);
    await settle();
    assert.deepEqual(loads.map(({ key }) => key), ['a', 'b', 'a', 'b']);
    loads.forEach(({ resolve }, index) => resolve(index));
    assert.deepEqual(await before, [0, 1]);
    assert.deepEqual(await after, [2, 3]);
    assert.equal(await cache.get('b'), 3);
  });

  it('keeps a value that was set while a load was under way', async () => {
    const { cache, loads } = manual();
    const before = cache.get('a');
    await settle();
    cache.set('a', 'put');
    assert.equal(await cache.get('a'), 'put');
    loads[0].resolve('old');
    assert.equal(await before, 'old');
    assert.equal(await cache.get('a'), 'put');
  });

  it('leaves other keys alone', async () => {
    const { cache, loads } = manual();
    const a = cache.get('a');
    const b = cache.get('b');
    await settle();
    cache.invalidate('a');
    const again = cache.get('b');
    await settle();
    assert.equal(loads.length, 2);
    loads[0].resolve(1);
    loads[1].resolve(2);
    assert.deepEqual(await Promise.all([a, b, again]), [1, 2, 2]);
    assert.equal(await cache.get('b'), 2);
    assert.equal(loads.length, 2);
  });
});
