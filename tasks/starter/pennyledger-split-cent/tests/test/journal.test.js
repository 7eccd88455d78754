import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JournalError, parseJournal } from '../src/journal.js';

describe('journal', () => {
  it('reads transactions in file order', () => {
    const read = parseJournal('2023-01-02 Bakery\n  expenses:food  4.20\n  assets:cash  -4.20\n\n; note\n2023-01-01 Gift\n  assets:cash 10\n  income -10\n');
    assert.deepEqual(read.map((t) => [t.date, t.payee, t.line]), [['2023-01-02', 'Bakery', 1], ['2023-01-01', 'Gift', 6]]);
    assert.deepEqual(read[0].postings, [{ account: 'expenses:food', amount: 420 }, { account: 'assets:cash', amount: -420 }]);
  });

  it('accepts CRLF line ends', () => {
    assert.equal(parseJournal('2023-01-01 Gift\r\n  assets:cash 10\r\n  income -10\r\n')[0].payee, 'Gift');
  });

  it('names the line of a transaction that does not balance', () => {
    assert.throws(() => parseJournal('\n2023-01-01 Gift\n  assets:cash 10\n  income -9.99\n'), (error) => {
      assert.ok(error instanceof JournalError);
      assert.equal(error.message, 'line 2: transaction does not balance (off by 0.01)');
      return true;
    });
  });

  it('refuses postings without a transaction', () => {
    assert.throws(() => parseJournal('  assets:cash 10\n'), /line 1: posting outside/);
  });

  it('splits a posting among members', () => {
    const [bill] = parseJournal('2023-02-01 Gas\n  split expenses:gas 90.00 anna:1 ben:2\n  assets:bank -90.00\n');
    assert.deepEqual(bill.postings, [
      { account: 'expenses:gas:anna', amount: 3000 },
      { account: 'expenses:gas:ben', amount: 6000 },
      { account: 'assets:bank', amount: -9000 },
    ]);
  });

  it('accepts a bill that does not divide evenly', () => {
    const [bill, refund] = parseJournal(`2023-03-01 Water
  split expenses:water 50.00 anna:1 ben:1 cleo:1
  assets:bank -50.00
2023-03-09 Water, refund
  split expenses:water -50.00 anna:1 ben:1 cleo:1
  assets:bank 50.00
`);
    assert.deepEqual(bill.postings.map(({ amount }) => amount), [1667, 1667, 1666, -5000]);
    assert.deepEqual(refund.postings.map(({ amount }) => amount), [-1667, -1667, -1666, 5000]);
  });
});
