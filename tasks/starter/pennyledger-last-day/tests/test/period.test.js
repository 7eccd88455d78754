import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePeriod, PeriodError, periodOf, within } from '../src/period.js';

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

  it('includes the last day that is asked for', () => {
    const all = days('2023-12-30', '2023-12-31', '2024-01-01', '2024-02-28', '2024-02-29', '2024-03-01');
    assert.deepEqual(within(all, periodOf({ to: '2023-12-31' })), days('2023-12-30', '2023-12-31'));
    assert.deepEqual(within(all, periodOf({ from: '2024-02-28', to: '2024-02-29' })), days('2024-02-28', '2024-02-29'));
    assert.deepEqual(within(all, periodOf({ from: '2024-01-01', to: '2024-01-01' })), days('2024-01-01'));
  });

  it('leaves the day after a month and a year out', () => {
    const all = days('2023-02-28', '2023-03-01', '2023-12-31', '2024-01-01');
    assert.deepEqual(within(all, periodOf({ period: '2023-02' })), days('2023-02-28'));
    assert.deepEqual(within(all, periodOf({ period: '2023' })), all.slice(0, 3));
  });

  it('takes everything without options', () => {
    assert.equal(within(days('2023-02-28', '2024-01-01'), periodOf({})).length, 2);
  });
});
