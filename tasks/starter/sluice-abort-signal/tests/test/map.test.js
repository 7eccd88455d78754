import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { mapLimit } from '../src/map.js';
import { deferred, settle, stateOf } from './support/settle.js';

describe('mapLimit', () => {
  it('keeps the order of the items', async () => {
    let running = 0;
    let most = 0;
    const result = await mapLimit([5, 1, 3, 2, 4], async (number, index) => {
      most = Math.max(most, ++running);
      for (let turn = 0; turn < number; turn++) await settle();
      running--;
      return `${index}:${number}`;
    }, { concurrency: 2 });
    assert.deepEqual(result, ['0:5', '1:1', '2:3', '3:2', '4:4']);
    assert.equal(most, 2);
  });

  it('makes no calls after a failure', async () => {
    const called = [];
    await assert.rejects(mapLimit([1, 2, 3, 4], async (number) => {
      called.push(number);
      if (number === 2) throw new Error('two');
    }, { concurrency: 1 }), /two/);
    await settle();
    assert.deepEqual(called, [1, 2]);
  });

  it('takes any iterable', async () => {
    assert.deepEqual(await mapLimit(new Set([1, 2]), (number) => number * 2), [2, 4]);
  });

  it('stops when its signal aborts, without waiting for what runs', async () => {
    const controller = new AbortController();
    const called = [];
    const result = mapLimit([1, 2, 3, 4], (number) => {
      called.push(number);
      return deferred().promise;
    }, { concurrency: 2, signal: controller.signal });
    assert.equal(await stateOf(result), 'pending');
    controller.abort(new Error('stop'));
    assert.equal(await stateOf(result), 'rejected');
    await assert.rejects(result, /stop/);
    assert.deepEqual(called, [1, 2]);
  });

  it('makes no call when its signal has already aborted', async () => {
    let calls = 0;
    const result = mapLimit([1, 2], () => calls++, { signal: AbortSignal.abort(new Error('early')) });
    await assert.rejects(result, /early/);
    assert.equal(calls, 0);
  });

  it('hands the signal to the function and leaves no listeners', async () => {
    const { signal } = new AbortController();
    const seen = await mapLimit(['a', 'b', 'c'], async (_item, _index, context) => context?.signal === signal, { signal });
    assert.deepEqual(seen, [true, true, true]);
    await assert.rejects(mapLimit([1, 2, 3], async () => {
      throw new Error('no');
    }, { concurrency: 1, signal }), /no/);
    await settle();
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });
});
