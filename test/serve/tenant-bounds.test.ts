/** What one client may do to itself and to nobody else. The sandboxes have no isolation, so that this runs on every machine. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SandboxView } from '../../src/sandbox/remote/api.ts';
import { hasBash } from './has-bash.ts';
import { takeInnerPort } from './inner-port.ts';
import { openServeBench, type ServeBench, SPEC } from './serve-bench.ts';

let bench: ServeBench;
let apiKey: string;

async function open(options: Parameters<typeof openServeBench>[1] = {}): Promise<void> {
  bench = await openServeBench(undefined, options);
  apiKey = await bench.makeKey('one');
}
beforeEach(() => open());
afterEach(() => bench.close());

async function ask(method: string, path: string, json?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(bench.server.url + path, {
    method,
    headers: { 'x-api-key': apiKey, ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  const text = await response.text();
  return { status: response.status, text, json: () => JSON.parse(text) };
}

const start = async (more: object = {}): Promise<SandboxView> =>
  (await ask('POST', '/v1/sandboxes', { spec: SPEC, waitSeconds: 5, ...more })).json();
const statusOf = async ({ id }: SandboxView) => (await ask('GET', `/v1/sandboxes/${id}`)).json().status;

test('requests for one session at the same time make one sandbox', async () => {
  const asked = Array.from({ length: 6 }, () => ask('POST', '/v1/sandboxes', { spec: SPEC, sessionId: 'the-one' }));
  expect((await Promise.all(asked)).map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
  const json = { image: 'example/x:1', session_id: 'theirs' };
  const runtimes = await Promise.all(Array.from({ length: 6 }, () => ask('POST', '/start', json)));
  expect(new Set(runtimes.map((one) => one.json().runtime_id)).size).toBe(1);
  expect((await ask('GET', '/v1/sandboxes')).json().sandboxes).toHaveLength(2);
});

test('a revoked key takes its sandboxes along, and their session keys open nothing', async () => {
  const view = await start();
  await bench.keys.revoke('one');
  const usage = async () =>
    (await ask('GET', `/v1/sandboxes/${view.id}/usage`, undefined, { 'x-session-api-key': view.sessionKey })).status;
  await expect.poll(usage, { timeout: 10_000 }).toBe(401);
  await expect.poll(() => bench.server.state.live).toBe(0);
});

test('a start whose client went away leaves the line', async () => {
  await bench.close();
  await open({ capacity: 1 });
  const first = await start();
  const body = JSON.stringify({ spec: SPEC, waitSeconds: 60 });
  const socket = connect(Number(new URL(bench.server.url).port), '127.0.0.1');
  socket.write(
    `POST /v1/sandboxes HTTP/1.1\r\nHost: x\r\nX-API-Key: ${apiKey}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await expect.poll(() => bench.server.state.waiting, { timeout: 10_000 }).toBe(1);
  socket.destroy();
  await expect.poll(() => bench.server.state.waiting, { timeout: 10_000 }).toBe(0);
  await ask('DELETE', `/v1/sandboxes/${first.id}`);
  expect(await statusOf(await start())).toBe('running');
});

test('processes that nobody lets go of, and input that nobody takes, have a bound', async () => {
  const view = await start();
  const headers = { 'x-session-api-key': view.sessionKey };
  const path = `/v1/sandboxes/${view.id}/processes/sleeping`;
  const process = await fetch(bench.server.url + path, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ argv: ['sleep', '60'] }),
  });
  const send = () =>
    fetch(`${bench.server.url}${path}/stdin?offset=0`, { method: 'POST', headers, body: new Uint8Array(2 ** 20) });
  const statuses = new Set<number>();
  const posts = Array.from({ length: 20 }, () =>
    send()
      .then(({ status }) => statuses.add(status))
      .catch(() => {}),
  );
  await expect.poll(() => [...statuses], { timeout: 20_000 }).toEqual([429]);
  await ask('DELETE', `/v1/sandboxes/${view.id}`);
  await Promise.all([...posts, process.body?.cancel()]);
});

test('made-up keys of the same address do not keep out a good one', async () => {
  for (let n = 0; n < 14; n++) await ask('GET', '/v1/sandboxes', undefined, { 'x-api-key': `made-up-${n}` });
  expect((await ask('GET', '/v1/sandboxes', undefined, { 'x-api-key': 'made-up' })).status).toBe(429);
  const fresh = await bench.makeKey('fresh');
  expect((await ask('GET', '/v1/sandboxes', undefined, { 'x-api-key': fresh })).status).toBe(200);
});

test('files: one by its name, a folder in which a file grows', async () => {
  const view = await start();
  const headers = { 'x-session-api-key': view.sessionKey };
  const get = (path: string) => fetch(`${bench.server.url}/v1/sandboxes/${view.id}/files?path=${path}`, { headers });
  const archive = Buffer.from(await (await get('/etc/hostname')).arrayBuffer());
  expect(spawnSync('tar', ['-t'], { input: archive }).stdout.toString()).toBe('hostname\n');
  const folder = `/tmp/assay-growing-${view.id}`;
  const grow = {
    argv: ['sh', '-c', `mkdir -p ${folder}; while :; do head -c 200000 /dev/zero >> ${folder}/big; sleep 0.02; done`],
  };
  const growing = await fetch(`${bench.server.url}/v1/sandboxes/${view.id}/processes/growing-1`, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(grow),
  });
  try {
    await expect.poll(() => existsSync(`${folder}/big`)).toBe(true);
    for (let n = 0; n < 3; n++) expect((await (await get(folder)).arrayBuffer()).byteLength).toBeGreaterThan(1024);
  } finally {
    await growing.body?.cancel();
    await ask('DELETE', `/v1/sandboxes/${view.id}`);
    spawnSync('rm', ['-rf', folder]);
  }
});

test('a head of what everybody may ask', async () => {
  expect((await ask('HEAD', '/health')).status).toBe(200);
  expect((await ask('HEAD', '/v1/sandboxes')).status).toBe(405);
});

test.skipIf(!hasBash())(
  'who gives up on a server inside leaves nothing there; few may ask without a key',
  async () => {
    const letGo = await takeInnerPort();
    const deaf = `require('node:net').createServer(() => {}).listen(60000, '127.0.0.1')`;
    const json = { image: 'example/x:1', session_id: 'deaf', command: [process.execPath, '-e', deaf] };
    const { url, session_api_key: key } = (await ask('POST', '/start', json)).json();
    const connections = () =>
      spawnSync('pgrep', ['-f', '/dev/tcp/127.0.0.1/[$]1" && .* bash 60000']).stdout.toString().split('\n').length - 1;
    const giveUp = (path: string, headers = {}) =>
      new Promise<void>((resolve) => {
        const asked = request(`${url}${path}`, { headers })
          .on('error', () => {})
          .on('close', () => resolve());
        asked.end();
        setTimeout(() => asked.destroy(), 500);
      });
    for (let n = 0; n < 3; n++) await giveUp('/slow', { 'x-session-api-key': key });
    const many = Array.from({ length: 10 }, () => fetch(`${url}/alive`).then(({ status }) => status));
    // What is let in is answered after ten seconds, as nothing answers inside; the others at once.
    const statuses = (await Promise.all(many)).toSorted();
    expect(statuses).toEqual([...Array(6).fill(429), ...Array(4).fill(502)]);
    await expect.poll(connections, { timeout: 10_000 }).toBe(0);
    letGo();
  },
  60_000,
);
