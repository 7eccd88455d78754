import { PassThrough, Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { HostSandbox } from '../../../test/support/host-sandbox.ts';
import type { ProcessExit, SandboxProcess } from '../../contracts/index.ts';
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

/** Its processes print a little and go on for ever. */
class BusySandbox extends HostSandbox {
  override async spawn(): Promise<SandboxProcess> {
    const stdout = new PassThrough();
    stdout.write('printed');
    return {
      stdin: new PassThrough(),
      stdout,
      stderr: Readable.from([]),
      exit: new Promise<ProcessExit>(() => {}),
      kill: () => {},
    };
  }
}

test('processes that were not let go of have a bound, and their output goes with them', async () => {
  const sandbox = new BusySandbox();
  const held = new HeldBytes(1_000 * 'printed'.length);
  const hosted = new HostedSandbox(sandbox, { owner: 'one', asked: sandbox.spec }, held);
  const spawn = (n: number) => hosted.spawn(`process-${n}`, { argv: ['true'], stderr: 'separate', stdin: 'open' });
  for (let n = 0; n < 1_000; n++) await spawn(n);
  await expect(spawn(1_000)).rejects.toMatchObject({ status: 429 });
  await hosted.release('process-7');
  await spawn(1_001);
  await expect.poll(() => held.isFull).toBe(true);
  await hosted.releaseAll();
  expect(held.isFull).toBe(false);
  await expect(hosted.process('process-8')).rejects.toMatchObject({ status: 410 });
  await sandbox.destroy();
});

test('what its owner paused starts nothing until it is resumed', async () => {
  const sandbox = new FreezableSandbox();
  const hosted = new HostedSandbox(sandbox, { owner: 'one', asked: sandbox.spec }, new HeldBytes(2 ** 20));
  const spawn = () => hosted.spawn('process-1', { argv: ['true'], stderr: 'separate', stdin: 'empty' });
  await hosted.pause();
  await expect(spawn()).rejects.toMatchObject({ status: 409 });
  await hosted.resume();
  expect((await spawn()).isInteractive).toBe(false);
  await sandbox.destroy();
});
