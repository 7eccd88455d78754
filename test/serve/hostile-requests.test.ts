/** Requests that nobody with good intentions sends. Each is refused, and the server goes on. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SandboxView } from '../../src/sandbox/remote/api.ts';
import { GENEROUS, openServeBench, type ServeBench, SPEC } from './serve-bench.ts';

let bench: ServeBench;
let apiKey: string;
let mine: SandboxView;
let theirs: SandboxView;
let theirKey: string;

beforeAll(async () => {
  const most = { ...GENEROUS, memoryBytes: 2 ** 34 };
  bench = await openServeBench(undefined, {
    policy: { hostNetwork: false, registries: ['docker.io'], runtimeHosts: [], most },
  });
  apiKey = await bench.makeKey('attacker');
  theirKey = await bench.makeKey('victim');
  mine = await start(apiKey);
  theirs = await start(theirKey);
});
afterAll(async () => {
  await bench.close();
  expect(bench.errors).toEqual([]);
});

async function start(key: string): Promise<SandboxView> {
  const { body } = await send('POST', '/v1/sandboxes', { json: { spec: SPEC }, headers: { 'x-api-key': key } });
  return body as SandboxView;
}

interface Sent {
  json?: unknown;
  body?: string | Uint8Array;
  headers?: Record<string, string>;
}

async function send(method: string, path: string, { json, body, headers = {} }: Sent = {}) {
  const response = await fetch(bench.server.url + path, {
    method,
    headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(json === undefined ? (body === undefined ? {} : { body }) : { body: JSON.stringify(json) }),
  });
  return { status: response.status, body: (await response.json()) as unknown };
}

/** Bytes as they are; resolves to what came back until the connection closed. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(bench.server.url).port), '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => {}).on('close', () => resolve(text));
  });
}

const mineHeaders = () => ({ 'x-session-api-key': mine.sessionKey });

describe('without a right to it', () => {
  test.each([
    ['no key', {}],
    ['an empty key', { 'x-api-key': '' }],
    ['a key of the right form', { 'x-api-key': `assay_0123456789ab_${'x'.repeat(43)}` }],
    ['a bearer that is none', { authorization: 'Bearer x' }],
    ['basic authorization', { authorization: 'Basic YWRtaW46YWRtaW4=' }],
  ])('%s', async (_name, headers) => {
    expect((await send('GET', '/v1/sandboxes', { headers: headers as Record<string, string> })).status).toBe(401);
  });

  test('a session key is no account key, an account key no session key', async () => {
    expect((await send('GET', '/v1/sandboxes', { headers: { 'x-api-key': mine.sessionKey } })).status).toBe(401);
    const usage = `/v1/sandboxes/${mine.id}/usage`;
    expect((await send('GET', usage, { headers: { 'x-api-key': apiKey } })).status).toBe(401);
    expect((await send('GET', usage, { headers: { 'x-session-api-key': apiKey } })).status).toBe(401);
  });

  test('a key without the scope', async () => {
    expect((await send('GET', '/metrics', { headers: { 'x-api-key': apiKey } })).status).toBe(403);
  });

  test.each([
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/pause'],
    ['POST', '/resume'],
    ['POST', '/snapshot'],
  ])("another tenant's sandbox: %s %s", async (method, path) => {
    const sent = await send(method, `/v1/sandboxes/${theirs.id}${path}`, { headers: { 'x-api-key': apiKey } });
    expect(sent.status).toBe(404);
  });

  test("another tenant's sandbox: fork, runtime, session key of one's own", async () => {
    const headers = { 'x-api-key': apiKey };
    const fork = await send('POST', `/v1/sandboxes/${theirs.id}/fork`, { json: { count: 1 }, headers });
    const stop = await send('POST', '/stop', { json: { runtime_id: theirs.id }, headers });
    const look = await send('GET', `/runtime/${theirs.id}`, { headers });
    expect([fork.status, stop.status, look.status]).toEqual([404, 404, 404]);
    for (const path of ['/usage', '/files?path=/etc', '/processes/12345678/output'])
      expect((await send('GET', `/v1/sandboxes/${theirs.id}${path}`, { headers: mineHeaders() })).status).toBe(401);
    const inner = await send('POST', `/runtimes/${theirs.id}/execute_action`, { json: {}, headers: mineHeaders() });
    expect(inner.status).toBe(401);
  });

  test("another tenant's lease is not found, and the same name is another lease", async () => {
    const json = { seconds: 60 };
    await send('PUT', '/v1/leases/shared-name', { json, headers: { 'x-api-key': theirKey } });
    expect((await send('DELETE', '/v1/leases/shared-name', { headers: { 'x-api-key': apiKey } })).status).toBe(404);
    const list = await send('GET', '/v1/sandboxes', { headers: { 'x-api-key': theirKey } });
    expect(list.body).toMatchObject({ sandboxes: [{ id: theirs.id, status: 'running' }] });
  });
});

describe('fetching from where the server stands', () => {
  const refused = async (spec: object) => {
    const json = { spec: { ...SPEC, ...spec } };
    return (await send('POST', '/v1/sandboxes', { json, headers: { 'x-api-key': apiKey } })).status;
  };
  test.each([
    '127.0.0.1:5000/x',
    'localhost/x',
    '169.254.169.254/latest',
    '[::1]:80/x',
    'evil.example/x',
    'docker.io:5000/x',
  ])('image %s', async (reference) => {
    expect(await refused({ base: { kind: 'image', reference } })).toBe(403);
    const query = `reference=${encodeURIComponent(reference)}`;
    expect((await send('GET', `/v1/images?${query}`, { headers: { 'x-api-key': apiKey } })).status).toBe(403);
  });
  test.each([
    '127.0.0.1',
    'localhost:8080',
    '169.254.169.254',
    '[::1]',
    'metadata.google.internal',
    'db.svc',
    'intranet',
  ])('host %s', async (host) => {
    expect(await refused({ network: { allow: [host] } })).toBe(403);
  });
  test("the machine's network, limits above the most, members nobody knows", async () => {
    expect(await refused({ network: 'host' })).toBe(403);
    expect(await refused({ limits: { ...SPEC.limits, memoryBytes: 2 ** 40 } })).toBe(403);
    expect(await refused({ privileged: true })).toBe(400);
    expect(await refused({ workdir: 'relative' })).toBe(400);
  });
  test.each([
    ['a working directory', { workdir: '/a\0b' }],
    ['the name of a variable', { env: { 'A\0B': 'x' } }],
    ['no name of a variable', { env: { 'A=B': 'x' } }],
    ['a variable', { env: { A: 'x\0y' } }],
    ['a label', { labels: { 'a\0b': 'x' } }],
  ])('what no program can be given: %s', async (_name, spec) => {
    expect(await refused(spec)).toBe(400);
  });
});

describe('bodies and paths', () => {
  const headers = () => ({ 'x-api-key': apiKey });
  test.each([
    '/v1/sandboxes/../keys',
    '/v1/sandboxes/%2e%2e',
    '/v1/sandboxes/..%2f..%2fetc',
    '/v1//sandboxes',
    '/v1/sandboxes/%ff',
    '/v1/sandboxes/%00',
  ])('path %s', async (path) => {
    const reply = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nX-Api-Key: ${apiKey}\r\nConnection: close\r\n\r\n`);
    expect(reply).toMatch(/^HTTP\/1\.1 404 /);
  });
  test('too large, not JSON, of another type, of the wrong form', async () => {
    const large = await send('POST', '/v1/sandboxes', { json: { x: 'x'.repeat(5_000_000) }, headers: headers() });
    expect(large.status).toBe(413);
    const json = { 'content-type': 'application/json', ...headers() };
    expect((await send('POST', '/v1/sandboxes', { body: '{', headers: json })).status).toBe(400);
    expect((await send('POST', '/v1/sandboxes', { body: '[]', headers: json })).status).toBe(400);
    const plain = { 'content-type': 'text/plain', ...headers() };
    expect((await send('POST', '/v1/sandboxes', { body: '{}', headers: plain })).status).toBe(415);
    const path = `/v1/sandboxes/${mine.id}/processes/12345678`;
    expect((await send('PUT', path, { json: { argv: [] }, headers: mineHeaders() })).status).toBe(400);
    expect((await send('PUT', `${path}!`, { json: { argv: ['true'] }, headers: mineHeaders() })).status).toBe(400);
    expect((await send('GET', `/v1/sandboxes/${mine.id}/files?path=etc`, { headers: mineHeaders() })).status).toBe(400);
    expect((await send('PATCH', '/v1/sandboxes', { headers: headers() })).status).toBe(405);
  });
  test('input beyond the largest piece, and a signal that is none', async () => {
    const path = `/v1/sandboxes/${mine.id}/processes/sleeping`;
    const process = await fetch(bench.server.url + path, {
      method: 'PUT',
      headers: { ...mineHeaders(), 'content-type': 'application/json' },
      body: JSON.stringify({ argv: ['sleep', '60'] }),
    });
    const big = await send('POST', `${path}/stdin?offset=0`, { body: new Uint8Array(2 ** 21), headers: mineHeaders() });
    const negative = await send('POST', `${path}/stdin?offset=-1`, { body: 'x', headers: mineHeaders() });
    const signal = await send('POST', `${path}/signal`, { json: { signal: 'SIGSTOP' }, headers: mineHeaders() });
    expect([big.status, negative.status, signal.status]).toEqual([413, 400, 400]);
    await process.body?.cancel();
  });
  test('web pages', async () => {
    const sent = await send('GET', '/v1/sandboxes', { headers: { ...headers(), origin: 'https://evil.example' } });
    expect(sent.status).toBe(403);
  });
});

describe('the protocol', () => {
  const head = 'POST /v1/sandboxes HTTP/1.1\r\nHost: x\r\n';
  test.each([
    ['two lengths', `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`],
    ['length and chunks', `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a coding nobody knows', `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ['a folded header', `${head}X-Api-Key: a\r\n b\r\nContent Length: 5\r\n\r\n`],
    ['no host', 'GET /health HTTP/1.1\r\n\r\n'],
    ['two hosts', 'GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n'],
    ['not HTTP', '\x16\x03\x01\x00\xa5\x01\x00\x00\r\n\r\n'],
    ['a head of 1 MB', `${head}X-Long: ${'x'.repeat(1_000_000)}\r\n\r\n`],
  ])('%s', async (_name, bytes) => {
    expect(await raw(bytes)).toMatch(/^(HTTP\/1\.1 (400|431) |$)/);
  });

  test('a head that comes byte by byte is cut off, and others are served meanwhile', async () => {
    const slow = raw('GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    expect((await send('GET', '/health')).status).toBe(200);
    expect(await slow).toMatch(/^(HTTP\/1\.1 408 |$)/);
  }, 30_000);

  test('an upgrade nobody offers', async () => {
    const bytes = `GET /v1/sandboxes HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://evil.example\r\n\r\n`;
    expect(await raw(`${bytes}`)).not.toContain('101 ');
  }, 90_000);
});

test('many wrong keys of one address are slowed down; the good key still opens', async () => {
  const statuses: number[] = [];
  for (let n = 0; n < 15; n++)
    statuses.push((await send('GET', '/v1/sandboxes', { headers: { 'x-api-key': `guess-${n}` } })).status);
  expect(statuses.at(-1)).toBe(429);
  expect((await send('GET', '/v1/sandboxes', { headers: { 'x-api-key': apiKey } })).status).toBe(200);
});
