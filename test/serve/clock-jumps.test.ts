/** The time of day jumps: a clock that was set, a machine that slept. Leases, rates and pauses go by a clock that does not. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createRemoteBackend } from '../../src/sandbox/remote/remote-backend.ts';
import { openServeBench, type ServeBench, SPEC } from './serve-bench.ts';

const HOUR_MS = 3_600_000;
let bench: ServeBench;
let apiKey: string;
beforeEach(async () => {
  bench = await openServeBench();
  apiKey = await bench.makeKey('one', { requestsPerSecond: 20 });
});
afterEach(async () => {
  vi.useRealTimers();
  await bench.close();
});

function jump(milliseconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds });
}

const list = async () => (await fetch(`${bench.server.url}/v1/sandboxes`, { headers: { 'x-api-key': apiKey } })).status;

test('forward: no lease runs out', async () => {
  const backend = createRemoteBackend({ url: bench.server.url, apiKey });
  const sandbox = await backend.create(SPEC);
  jump(HOUR_MS);
  await sleep(2_500); // more than two looks at what is over
  expect(bench.server.state.live).toBe(1);
  expect((await sandbox.usage()).peakMemoryBytes).toBeNull();
  await backend.close();
});

test('back: nobody is refused for having asked before', async () => {
  expect(await list()).toBe(200);
  jump(-HOUR_MS);
  for (let n = 0; n < 5; n++) expect(await list()).toBe(200);
});

test('a client waits no longer than it has patience, whatever it is told', async () => {
  const server = createServer((_request, response) => void response.writeHead(429, { 'retry-after': '3706' }).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const started = performance.now();
  const backend = createRemoteBackend({ url, apiKey, busyMs: 500 });
  await expect(backend.create(SPEC)).rejects.toMatchObject({ details: { status: 429 } });
  expect(performance.now() - started).toBeLessThan(20_000);
  server.close();
});
