import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { retry } from '../src/retry.js';

describe('retry', () => {
  it('waits longer and longer between attempts', async () => {
    const waits = [];
    const sleep = async (ms) => void waits.push(ms);
    const result = await retry((attempt) => (attempt < 4 ? Promise.reject(new Error('no')) : attempt), { attempts: 5, delay: 10, sleep });
    assert.equal(result, 4);
    assert.deepEqual(waits, [10, 20, 40]);
  });

  it('gives up with the last error', async () => {
    const task = async (attempt) => {
      throw new Error(`attempt ${attempt}`);
    };
    await assert.rejects(retry(task, { attempts: 2, sleep: async () => {} }), /attempt 2/);
  });
});
