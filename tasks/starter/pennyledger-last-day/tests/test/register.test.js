import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseJournal } from '../src/journal.js';
import { register } from '../src/register.js';

const journal = parseJournal(`2023-01-10 Bakery
  expenses:food   4.20
  assets:cash    -4.20
2023-01-05 Market
  expenses:food   10
  assets:cash    -10
`);

describe('register', () => {
  it('sorts by date and keeps a running total', () => {
    assert.deepEqual(
      register(journal, 'expenses').map(({ date, amount, total }) => [date, amount, total]),
      [['2023-01-05', 1000, 1000], ['2023-01-10', 420, 1420]],
    );
  });

  it('does not take expenses:food2 for a child of expenses:food', () => {
    const extra = parseJournal('2023-01-01 X\n  expenses:food2 1\n  assets:cash -1\n');
    assert.deepEqual(register(extra, 'expenses:food'), []);
  });
});
