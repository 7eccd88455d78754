import { expect, test } from 'vitest';
import { HostSandbox } from '../../../test/support/host-sandbox.ts';
import { HeldBytes } from '../data/held-bytes.ts';
import { HostedSandbox } from './hosted-sandbox.ts';

class FreezableSandbox extends HostSandbox {
  frozen = false;
  override async pause(): Promise<void> {
    this.frozen = true;
  }
  override async resume(): Promise<void> {
    this.frozen = false;
  }
}

const LATER_MS = 3_600_000;

test('a sandbox is frozen when it is idle, not while a request is under way, and thawed by the next', async () => {
  const sandbox = new FreezableSandbox();
  const facts = { owner: 'one', asked: sandbox.spec, idlePauseSeconds: 1 };
  const hosted = new HostedSandbox(sandbox, facts, new HeldBytes(2 ** 20));
  const later = () => performance.now() + LATER_MS;
  let finish: () => void = () => {};
  const transfer = hosted.serve(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  await hosted.pauseIfIdle(later());
  expect([sandbox.frozen, hosted.isForgotten(later(), 1)]).toEqual([false, false]);
  finish();
  await transfer;
  await hosted.pauseIfIdle(performance.now());
  expect(sandbox.frozen).toBe(false);
  await hosted.pauseIfIdle(later());
  expect([sandbox.frozen, hosted.isForgotten(later(), 1)]).toEqual([true, true]);
  await hosted.serve(async () => expect(sandbox.frozen).toBe(false));
  await sandbox.destroy();
});
