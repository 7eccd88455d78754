import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatMoney, MoneyError, parseMoney } from '../src/money.js';

describe('money', () => {
  it('reads whole and fractional amounts', () => {
    assert.equal(parseMoney('12'), 1200);
    assert.equal(parseMoney('12.5'), 1250);
    assert.equal(parseMoney('-1,234.56'), -123456);
  });

  it('refuses what is not an amount', () => {
    for (const text of ['', 'abc', '1.234', '1,23', '--1']) assert.throws(() => parseMoney(text), MoneyError);
  });

  it('writes thousands and two decimals', () => {
    assert.equal(formatMoney(5), '0.05');
    assert.equal(formatMoney(-123456), '-1,234.56');
    assert.equal(formatMoney(100000000), '1,000,000.00');
  });
});
