import { expect, test } from 'vitest';
import { linkedAbort } from './linked-abort.ts';
import { RunControl } from './run-control.ts';

test('ends by time, by its parent, or not at all once let go', async () => {
  const control = new RunControl();
  const timed = linkedAbort(control.signal, 10);
  const linked = linkedAbort(control.signal, 60_000);
  const free = linkedAbort(control.signal, 60_000);
  free.dispose();
  await new Promise((resolve) => timed.signal.addEventListener('abort', resolve));
  control.abort();
  expect([timed, linked, free].map((one) => [one.signal.aborted, one.timedOut])).toEqual([
    [true, true],
    [true, false],
    [false, false],
  ]);
  const late = linkedAbort(control.signal, 60_000);
  expect(late.signal.aborted).toBe(true);
  for (const one of [timed, linked, late]) one.dispose();
});

test('control: pause tells listeners once, abort pauses too', () => {
  const control = new RunControl();
  const told: string[] = [];
  control.onPause(() => told.push('kept'));
  control.onPause(() => told.push('taken back'))();
  control.pause();
  control.abort();
  control.onPause(() => told.push('late'));
  expect(told).toEqual(['kept', 'late']);
  expect([control.pausing, control.signal.aborted]).toEqual([true, true]);
});
