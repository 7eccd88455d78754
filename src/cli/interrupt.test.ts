import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { interruptible, PAUSE_SIGNAL } from './interrupt.ts';

test('who cannot know that it was asked before asks for a pause any number of times; Ctrl-C after it stops at once', async () => {
  const said: string[] = [];
  const { control, dispose } = interruptible((line) => said.push(line));
  try {
    for (let times = 0; times < 3; times++) {
      process.kill(process.pid, PAUSE_SIGNAL);
      await sleep(20);
    }
    expect([control.pausing, control.signal.aborted, said.length]).toEqual([true, false, 1]);
    process.kill(process.pid, 'SIGINT');
    await sleep(20);
    expect(control.signal.aborted).toBe(true);
  } finally {
    dispose();
  }
});
