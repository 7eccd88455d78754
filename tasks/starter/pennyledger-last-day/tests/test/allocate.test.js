import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allocate } from '../src/allocate.js';

const sum = (parts) => parts.reduce((all, part) => all + part, 0);

describe('allocate', () => {
  it('splits evenly', () => {
    assert.deepEqual(allocate(9000, [1, 1, 1]), [3000, 3000, 3000]);
  });

  it('splits by weight', () => {
    assert.deepEqual(allocate(10000, [3, 1, 1]), [6000, 2000, 2000]);
  });

  it('gives left-over cents to the members listed first', () => {
    assert.deepEqual(allocate(10000, [1, 1, 1]), [3334, 3333, 3333]);
    assert.deepEqual(allocate(100, [1, 1, 4]), [17, 17, 66]);
    assert.deepEqual(allocate(2, [1, 1, 1, 1]), [1, 1, 0, 0]);
  });

  it('splits a refund like the charge it undoes', () => {
    assert.deepEqual(allocate(-10000, [1, 1, 1]), [-3334, -3333, -3333]);
    assert.deepEqual(allocate(-100, [1, 1, 4]), [-17, -17, -66]);
  });

  it('leaves out members of weight 0', () => {
    assert.deepEqual(allocate(10000, [0, 1, 1, 1]), [0, 3334, 3333, 3333]);
  });

  it('never loses or makes a cent', () => {
    for (let total = -250; total <= 250; total++) {
      for (const weights of [[1, 1, 1], [1, 2, 3, 5], [7], [0, 3, 4], [1, 1, 1, 1, 1, 1, 1]]) {
        assert.equal(sum(allocate(total, weights)), total, `${total} by ${weights}`);
      }
    }
  });
});
