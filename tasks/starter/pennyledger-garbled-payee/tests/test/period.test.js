import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePeriod, PeriodError, within } from '../src/period.js';

const days = (...dates) => dates.map((date) => ({ date }));

describe('period', () => {
  it('reads years and months', () => {
    assert.deepEqual(parsePeriod('2023'), { start: '2023-01-01', end: '2024-01-01' });
    assert.deepEqual(parsePeriod('2023-12'), { start: '2023-12-01', end: '2024-01-01' });
  });

  it('refuses other text', () => {
    for (const text of ['', '23', '2023-13', '2023-00', '2023-1', 'may']) assert.throws(() => parsePeriod(text), PeriodError);
  });

  it('keeps what lies in a month', () => {
    const all = days('2023-01-31', '2023-02-01', '2023-02-28', '2023-03-01');
    assert.deepEqual(within(all, parsePeriod('2023-02')), days('2023-02-01', '2023-02-28'));
  });
});
