import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareBudget } from '../src/budget.js';
import { parseJournal } from '../src/journal.js';

const journal = parseJournal(`2023-05-10 Bakery
  expenses:food   14.20
  assets:cash    -14.20
2023-06-10 Bakery
  expenses:food   20.00
  assets:cash    -20.00
`);

describe('compareBudget', () => {
  it('shows what is left', () => {
    assert.deepEqual(compareBudget(journal, new Map([['expenses:food', 3000]]), { from: '2023-05-01', to: '2023-05-31' }), [
      { account: 'expenses:food', planned: 3000, actual: 1420, left: 1580 },
    ]);
  });

  it('keeps accounts nothing was spent on', () => {
    assert.deepEqual(compareBudget([], new Map([['expenses:fun', 500]])), [
      { account: 'expenses:fun', planned: 500, actual: 0, left: 500 },
    ]);
  });
});
