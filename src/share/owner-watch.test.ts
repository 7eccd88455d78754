import { expect, test } from 'vitest';
import { OwnerWatch } from './owner-watch.ts';

const LEASE_MS = 60_000;

/** A watcher with a clock of its own, and what it says after each look: a time that passes before it, and what the owner's text is then. */
function silences(start: number, looks: readonly [afterMs: number, version: string][]): boolean[] {
  let now = start;
  const watch = new OwnerWatch(LEASE_MS, () => now);
  watch.look(new Map([['owner', 'first']]));
  return looks.map(([afterMs, version]) => {
    now += afterMs;
    watch.look(new Map([['owner', version]]));
    return watch.isSilent('owner');
  });
}

const every = (ms: number, times: number, version: (index: number) => string) =>
  Array.from({ length: times }, (_, index): [number, string] => [ms, version(index)]);

test('an owner is silent after the time of a lease without a change, whatever the clock says', () => {
  for (const start of [0, -1e9, 1.7e12]) {
    expect(
      silences(
        start,
        every(15_000, 5, () => 'first'),
      ),
    ).toEqual([false, false, false, true, true]);
    expect(silences(start, every(15_000, 40, String))).not.toContain(true);
  }
});

test('a change starts the time anew', () => {
  const looks = every(15_000, 7, (index) => (index < 3 ? 'first' : 'second'));
  expect(silences(0, looks)).toEqual([false, false, false, false, false, false, false]);
});

test('time in which the watcher was stopped or the store was silent hardly counts', () => {
  // Ten hours later the text is the same: the owner may have been out of reach of the store, too.
  expect(silences(0, [[36_000_000, 'first']])).toEqual([false]);
  expect(silences(0, [[36_000_000, 'first'], ...every(15_000, 3, () => 'first')])).toEqual([false, false, false, true]);
});

test('who is not there at all is silent, and so is one whose text is gone', () => {
  const watch = new OwnerWatch(LEASE_MS, () => 0);
  expect(watch.isSilent('stranger')).toBe(true);
  watch.look(new Map([['owner', '1']]));
  expect(watch.isSilent('owner')).toBe(false);
  watch.look(new Map());
  expect(watch.isSilent('owner')).toBe(true);
});
