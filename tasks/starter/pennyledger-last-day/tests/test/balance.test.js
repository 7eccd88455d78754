import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { balances } from '../src/balance.js';
import { parseJournal } from '../src/journal.js';

describe('balances', () => {
  it('adds children to their parents', () => {
    const sums = balances(parseJournal('2023-01-02 Shop\n  expenses:food 4\n  expenses:home 6\n  assets:cash -10\n'));
    assert.deepEqual([...sums], [
      ['assets', -1000],
      ['assets:cash', -1000],
      ['expenses', 1000],
      ['expenses:food', 400],
      ['expenses:home', 600],
    ]);
  });
});
