import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { importStatement } from '../src/bank-import.js';

async function imported(text, options) {
  const all = [];
  for await (const one of importStatement(Readable.from([Buffer.from(text)]), { account: 'assets:bank', ...options })) all.push(one);
  return all;
}

describe('importStatement', () => {
  it('books each row against the account of a rule', async () => {
    const [one, two] = await imported('Payee,Date,Amount\nCity  Bakery,2023-05-02,-4.20\nUnknown Ltd,2023-05-03,-1\n', {
      rules: [{ pattern: /bakery/i, account: 'expenses:food' }],
    });
    assert.deepEqual(one, {
      date: '2023-05-02',
      payee: 'City Bakery',
      line: 2,
      postings: [{ account: 'assets:bank', amount: -420 }, { account: 'expenses:food', amount: 420 }],
    });
    assert.equal(two.postings[1].account, 'expenses:unknown');
  });

  it('says which column is missing', async () => {
    await assert.rejects(imported('Date,Amount\n'), /no column 'payee'/);
  });

  it('keeps payees whole in a statement that arrives in small pieces', async () => {
    const rows = Array.from({ length: 40 }, (_, index) => `2023-05-02,Bäckerei Grünewald №${index},-${index}.50`);
    const bytes = Buffer.from(`Date,Payee,Amount\r\n${rows.join('\r\n')}\r\n`);
    const pieces = [];
    for (let at = 0; at < bytes.length; at += 7) pieces.push(bytes.subarray(at, at + 7));
    const payees = [];
    for await (const one of importStatement(Readable.from(pieces), { account: 'assets:bank' })) payees.push(one.payee);
    assert.deepEqual(payees, rows.map((_, index) => `Bäckerei Grünewald №${index}`));
  });
});
