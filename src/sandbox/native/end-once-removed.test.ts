import { expect, test } from 'vitest';
import type { SandboxEnd } from '../../contracts/index.ts';
import { endOnceRemoved } from './end-once-removed.ts';

const END: SandboxEnd = { reason: 'wall-limit', message: 'its 5 s are over' };

test('an end is told when everything is removed, and with what is left otherwise', async () => {
  let isRemoved = false;
  const removal = async () => {
    await Promise.resolve();
    isRemoved = true;
  };
  expect(await endOnceRemoved(END, removal)).toEqual(END);
  expect(isRemoved).toBe(true);
  const failing = () => Promise.reject(new Error('ENOSPC: no space left'));
  expect(await endOnceRemoved(END, failing)).toEqual({
    reason: 'wall-limit',
    message: 'its 5 s are over; something of it is left: ENOSPC: no space left',
  });
});
