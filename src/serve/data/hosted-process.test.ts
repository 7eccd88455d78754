import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { ProcessExit, SandboxProcess } from '../../contracts/index.ts';
import { HostedProcess } from './hosted-process.ts';

const EXIT: ProcessExit = { code: 0, signal: null, sandboxDied: false };

function processOf(stdout: Readable, stderr: Readable): SandboxProcess {
  return { stdin: new PassThrough(), stdout, stderr, exit: Promise.resolve(EXIT), kill: () => {} };
}

test('a stream that ended before the process is held counts as ended', async () => {
  const stderr = Readable.from([]);
  stderr.resume();
  await once(stderr, 'close');
  const hosted = new HostedProcess(processOf(Readable.from([Buffer.from('both')]), stderr));
  while (!hosted.complete) await once(hosted.events, 'change');
  expect(hosted.stdout.window.read(0, 10).toString()).toBe('both');
  expect(hosted.stderr.window.end).toBe(0);
});

test('a stream that still runs keeps the process incomplete', async () => {
  const stdout = new PassThrough();
  const hosted = new HostedProcess(processOf(stdout, Readable.from([])));
  while (hosted.exit === null || !hosted.stderr.window.ended) await once(hosted.events, 'change');
  expect(hosted.complete).toBe(false);
  stdout.end('last');
  while (!hosted.complete) await once(hosted.events, 'change');
  expect(hosted.stdout.window.end).toBe(4);
});
