/** What was asked for happens once, whatever becomes of the connections. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exec } from '../../src/sandbox/exec.ts';
import { createRemoteBackend } from '../../src/sandbox/remote/remote-backend.ts';
import { CuttingProxy } from './cutting-proxy.ts';
import { openServeBench, type ServeBench, SPEC } from './serve-bench.ts';

let bench: ServeBench;
let proxy: CuttingProxy;
let url: string;
let apiKey: string;

beforeAll(async () => {
  bench = await openServeBench();
  apiKey = await bench.makeKey('cut');
  proxy = new CuttingProxy({ host: '127.0.0.1', port: Number(new URL(bench.server.url).port) });
  url = await proxy.listen();
});
afterAll(async () => {
  proxy.close();
  await bench.close();
});

test('60 commands in 6 sandboxes while every connection is cut again and again: each ran once, no byte is lost', async () => {
  const backend = createRemoteBackend({ url, apiKey });
  const sandboxes = await Promise.all(Array.from({ length: 6 }, () => backend.create(SPEC)));
  const cutter = setInterval(() => proxy.cutAll(), 150);
  const input = Buffer.alloc(300_000, 'input ');
  try {
    await Promise.all(
      sandboxes.map(async (sandbox) => {
        for (let n = 0; n < 10; n++) {
          const script = `echo ${n} >> ran; cat; sleep 0.05; head -c 200000 /dev/zero`;
          const { exitCode, stdout } = await exec(sandbox, ['sh', '-c', script], { input });
          expect([exitCode, stdout.length]).toEqual([0, 500_000]);
          expect(stdout.subarray(0, input.length).equals(input)).toBe(true);
        }
      }),
    );
  } finally {
    clearInterval(cutter);
  }
  for (const sandbox of sandboxes)
    expect((await exec(sandbox, ['cat', 'ran'])).stdout.toString()).toBe('0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n');
  expect(proxy.cuts).toBeGreaterThan(20);
  await backend.close();
  expect(bench.server.state.live).toBe(0);
});

test('a server that is gone for good is told as such, and what ran there is unknown', async () => {
  const doomed = await openServeBench();
  const key = await doomed.makeKey('doomed');
  const backend = createRemoteBackend({ url: doomed.server.url, apiKey: key, lostAfterMs: 300 });
  const sandbox = await backend.create(SPEC);
  const child = await sandbox.spawn(['sleep', '100']);
  await doomed.close();
  expect((await child.exit).sandboxDied).toBe(true);
  expect((await sandbox.closed).reason).toMatch(/died|destroyed/);
  await expect(backend.create(SPEC)).rejects.toMatchObject({ code: 'sandbox-unavailable' });
  await expect(backend.close()).rejects.toMatchObject({ code: 'sandbox-unavailable' });
});

test('a server that was restarted knows no sandbox of before, and makes new ones', async () => {
  const before = await openServeBench();
  const port = Number(new URL(before.server.url).port);
  const backend = createRemoteBackend({
    url: before.server.url,
    apiKey: await before.makeKey('stays'),
    lostAfterMs: 10_000,
  });
  const old = await backend.create(SPEC);
  await before.server.close();
  const after = await openServeBench(undefined, { port, home: before.home });
  await expect(old.spawn(['true'])).rejects.toMatchObject({ code: 'sandbox-died' });
  await old.closed;
  const fresh = await backend.create(SPEC);
  expect((await exec(fresh, ['echo', 'on'])).stdout.toString()).toBe('on\n');
  await backend.close();
  await after.close();
  await before.close();
});
