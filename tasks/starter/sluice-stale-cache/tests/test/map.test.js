import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mapLimit } from '../src/map.js';
import { settle } from './support/settle.js';

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
});
