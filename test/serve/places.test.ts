/** Places of the server: sandboxes made ahead, and forgotten ones. The sandboxes have no isolation, so that this runs on every machine. */
import { expect, test } from 'vitest';
import type { SandboxView } from '../../src/sandbox/remote/api.ts';
import { openServeBench, type ServeBench, SPEC } from './serve-bench.ts';

async function withBench(
  options: Parameters<typeof openServeBench>[1],
  act: (bench: ServeBench) => Promise<void>,
): Promise<void> {
  const bench = await openServeBench(undefined, options);
  try {
    await act(bench);
    expect(bench.errors).toEqual([]);
  } finally {
    await bench.close();
  }
}

async function ask(bench: ServeBench, key: string, method: string, path: string, json?: unknown): Promise<string> {
  const response = await fetch(bench.server.url + path, {
    method,
    headers: { 'x-api-key': key, ...(json === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  return response.text();
}

const start = async (bench: ServeBench, key: string, more: object = {}): Promise<SandboxView> =>
  JSON.parse(await ask(bench, key, 'POST', '/v1/sandboxes', { spec: { ...SPEC, ...more }, waitSeconds: 5 }));

test('sandboxes made ahead: given to one owner each with what that one asked for, counted, and in nobody’s way', async () => {
  await withBench({ warm: 2, capacity: 4 }, async (bench) => {
    const [one, two] = [
      await bench.makeKey('one', { scopes: ['sandboxes', 'metrics'] }),
      await bench.makeKey('two', { scopes: ['sandboxes'] }),
    ];
    const metric = async (name: string) =>
      Number(new RegExp(`^assay_warm_${name} (\\d+)$`, 'm').exec(await ask(bench, one, 'GET', '/metrics'))?.[1]);
    const cold = [await start(bench, one), await start(bench, two, { labels: { run: 'x' } })];
    await expect.poll(() => metric('sandboxes'), { timeout: 10_000 }).toBe(2);
    const labels = { run: 'mine' };
    const warm = await Promise.all([start(bench, one, { labels }), start(bench, two)]);
    expect([await metric('given_total'), await metric('missed_total')]).toEqual([2, 2]);
    expect(warm[0]?.spec).toMatchObject({ labels, limits: SPEC.limits });
    expect(new Set([...cold, ...warm].map(({ id }) => id)).size).toBe(4);
    expect(new Set([...cold, ...warm].map(({ sessionKey }) => sessionKey)).size).toBe(4);
    // All places are taken, and no sandbox made ahead stands in for one.
    expect(await metric('sandboxes')).toBe(0);
    for (const { id } of cold) await ask(bench, id === cold[0]?.id ? one : two, 'DELETE', `/v1/sandboxes/${id}`);
    await expect.poll(() => metric('sandboxes'), { timeout: 10_000 }).toBe(2);
    const others = await Promise.all([
      start(bench, one, { workdir: '/other' }),
      start(bench, two, { workdir: '/other' }),
    ]);
    expect(others.map(({ status }) => status)).toEqual(['running', 'running']);
    expect(await metric('sandboxes')).toBe(0);
  });
});

test('a sandbox made ahead has the time that was asked for, no more', async () => {
  await withBench({ warm: 1 }, async (bench) => {
    const key = await bench.makeKey('one', { scopes: ['sandboxes', 'metrics'] });
    const short = { limits: { ...SPEC.limits, wallSeconds: 2 } };
    await Promise.all([start(bench, key, short), start(bench, key, short)]);
    await expect.poll(() => ask(bench, key, 'GET', '/metrics')).toContain('assay_warm_sandboxes 1');
    const { id } = await start(bench, key, short);
    expect(await ask(bench, key, 'GET', '/metrics')).toContain('assay_warm_given_total 1');
    const look = async () => JSON.parse(await ask(bench, key, 'GET', `/v1/sandboxes/${id}`)) as SandboxView;
    await expect.poll(async () => (await look()).end?.reason, { timeout: 10_000 }).toBe('wall-limit');
  });
});

test('a sandbox without lease that nobody asks anything of is ended, one that is listened to or under a lease is not', async () => {
  await withBench({ forgetSeconds: 1 }, async (bench) => {
    const key = await bench.makeKey('one');
    await ask(bench, key, 'PUT', '/v1/leases/lease-of-test', { seconds: 60 });
    const body = { spec: SPEC, leaseId: 'lease-of-test' };
    const leased = JSON.parse(await ask(bench, key, 'POST', '/v1/sandboxes', body)) as SandboxView;
    const [forgotten, heard] = [await start(bench, key), await start(bench, key)];
    const listening = await fetch(`${bench.server.url}/v1/sandboxes/${heard.id}/processes/listened-to`, {
      method: 'PUT',
      headers: { 'x-session-api-key': heard.sessionKey, 'content-type': 'application/json' },
      body: JSON.stringify({ argv: ['sleep', '60'] }),
    });
    const status = async ({ id }: SandboxView) =>
      JSON.parse(await ask(bench, key, 'GET', `/v1/sandboxes/${id}`)).status;
    await expect.poll(() => status(forgotten), { timeout: 10_000 }).toBe('ended');
    expect([await status(heard), await status(leased)]).toEqual(['running', 'running']);
    await listening.body?.cancel();
    await expect.poll(() => status(heard), { timeout: 10_000 }).toBe('ended');
  });
});
