import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { run } from '../src/cli.js';

const JOURNAL = `2023-01-10 Bakery
  expenses:food   4.20
  assets:cash    -4.20
2023-02-01 Rent
  expenses:rent  900.00
  assets:bank   -900.00
`;

async function penny(...argv) {
  let out = '';
  let err = '';
  const code = await run(argv, {
    readFile: async () => JOURNAL,
    write: (text) => (out += text),
    error: (text) => (err += text),
  });
  return { code, out, err };
}

describe('penny', () => {
  it('prints balances', async () => {
    const { code, out } = await penny('balance', 'x.journal', '--from', '2023-02-01');
    assert.equal(code, 0);
    assert.equal(out, '     -900.00  assets\n     -900.00  assets:bank\n      900.00  expenses\n      900.00  expenses:rent\n');
  });

  it('explains wrong usage with exit code 2', async () => {
    assert.equal((await penny()).code, 2);
    assert.match((await penny('balance', 'x', '--to', 'soon')).err, /--to needs a date/);
  });

  it('reports a month', async () => {
    const { out } = await penny('register', 'x.journal', '--period', '2023-01', '--account', 'expenses');
    assert.equal(out, '2023-01-10  Bakery                        4.20          4.20\n');
  });

  it('includes the day named by --to', async () => {
    const { out } = await penny('balance', 'x.journal', '--from', '2023-01-10', '--to', '2023-01-10');
    assert.equal(out, '       -4.20  assets\n       -4.20  assets:cash\n        4.20  expenses\n        4.20  expenses:food\n');
    assert.match((await penny('register', 'x.journal', '--to', '2023-02-01', '--account', 'assets')).out, /Rent/);
  });

  it('leaves the first of the next month out of --period', async () => {
    assert.doesNotMatch((await penny('register', 'x.journal', '--period', '2023-01')).out, /Rent/);
  });
});
