import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { ProcessExit, SandboxProcess } from '../../contracts/index.ts';
import { HeldBytes } from './held-bytes.ts';
import { HostedProcess } from './hosted-process.ts';

const EXIT: ProcessExit = { code: 0, signal: null, sandboxDied: false };

function processOf(stdout: Readable, stderr: Readable): SandboxProcess {
  return { stdin: new PassThrough(), stdout, stderr, exit: Promise.resolve(EXIT), kill: () => {} };
}

test('a stream that ended before the process is held counts as ended', async () => {
  const stderr = Readable.from([]);
  stderr.resume();
  await once(stderr, 'close');
  const hosted = new HostedProcess(processOf(Readable.from([Buffer.from('both')]), stderr), new HeldBytes(2 ** 20));
  while (!hosted.complete) await once(hosted.events, 'change');
  expect(hosted.stdout.window.read(0, 10).toString()).toBe('both');
  expect(hosted.stderr.window.end).toBe(0);
});

test('a stream that still runs keeps the process incomplete', async () => {
  const stdout = new PassThrough();
  const hosted = new HostedProcess(processOf(stdout, Readable.from([])), new HeldBytes(2 ** 20));
  while (hosted.exit === null || !hosted.stderr.window.ended) await once(hosted.events, 'change');
  expect(hosted.complete).toBe(false);
  stdout.end('last');
  while (!hosted.complete) await once(hosted.events, 'change');
  expect(hosted.stdout.window.end).toBe(4);
});

test('output of all processes that share a limit waits for the client, and goes on when it has read', async () => {
  const held = new HeldBytes(2 ** 16);
  const endless = () =>
    new Readable({
      read() {
        this.push(Buffer.alloc(2 ** 14));
      },
    });
  const open = () => new HostedProcess(processOf(endless(), Readable.from([])), held);
  const [one, two] = [open(), open()];
  const settled = async () => {
    let before = -1;
    while (before !== one.stdout.window.end + two.stdout.window.end) {
      before = one.stdout.window.end + two.stdout.window.end;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return before;
  };
  const first = await settled();
  expect(first).toBeLessThan(2 ** 17);
  one.acknowledge({ stdout: one.stdout.window.end, stderr: 0 });
  expect(await settled()).toBeGreaterThan(first);
  for (const { stdout } of [one, two]) stdout.source.destroy();
});

test('the exit is told after what was printed before it, also when a background process holds the pipe', async () => {
  const stdout = new PassThrough();
  const hosted = new HostedProcess(processOf(stdout, Readable.from([])), new HeldBytes(2 ** 20));
  setTimeout(() => stdout.write('late'), 30);
  await expect.poll(() => hosted.exit).toEqual(EXIT);
  expect(hosted.settledExit).toBeNull();
  await expect.poll(() => hosted.settledExit).toEqual(EXIT);
  expect([hosted.stdout.window.end, hosted.complete]).toEqual([4, false]);
});
