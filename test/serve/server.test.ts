/** The server over sandboxes without isolation: runs on every machine. */
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SandboxBackend } from '../../src/contracts/index.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { FrameReader } from '../../src/sandbox/remote/frames.ts';
import { createRemoteBackend } from '../../src/sandbox/remote/remote-backend.ts';
import { openServeBench, type ServeBench, SPEC } from './serve-bench.ts';

let bench: ServeBench;
let apiKey: string;
let backend: SandboxBackend;

beforeAll(async () => {
  bench = await openServeBench();
  apiKey = await bench.makeKey('first', { scopes: ['sandboxes', 'metrics'] });
  backend = createRemoteBackend({ url: bench.server.url, apiKey });
});
afterAll(async () => {
  await backend.close();
  await bench.close();
  expect(bench.errors).toEqual([]);
});

async function call(method: string, path: string, options: { json?: unknown; headers?: Record<string, string> } = {}) {
  const response = await fetch(bench.server.url + path, {
    method,
    headers: { 'x-api-key': apiKey, 'content-type': 'application/json', ...options.headers },
    ...(options.json === undefined ? {} : { body: JSON.stringify(options.json) }),
  });
  const body = await response.text();
  return { status: response.status, headers: response.headers, text: body, json: () => JSON.parse(body) };
}

async function stdoutOf(response: Response): Promise<string> {
  const frames = new FrameReader().push(Buffer.from(await response.arrayBuffer()));
  return frames.map(({ kind, payload }) => (kind === 'stdout' ? payload.toString() : '')).join('');
}

describe('the remote backend', () => {
  test('runs a command with input, output and exit code', async () => {
    const sandbox = await backend.create(SPEC);
    const result = await exec(sandbox, ['sh', '-c', 'cat; echo problem >&2; exit 3'], { input: 'hello' });
    expect([result.stdout.toString(), result.stderr.toString(), result.exitCode]).toEqual(['hello', 'problem\n', 3]);
    await sandbox.destroy();
    expect((await sandbox.closed).reason).toBe('destroyed');
  });

  test('10 MB pass whole both ways', async () => {
    const sandbox = await backend.create(SPEC);
    const input = Buffer.from(Array.from({ length: 10_000_000 }, (_, index) => index % 251));
    const result = await exec(sandbox, ['cat'], { input });
    expect(result.stdout.equals(input)).toBe(true);
    await sandbox.destroy();
  });

  test('what cannot be started says so', async () => {
    const sandbox = await backend.create(SPEC);
    await expect(sandbox.spawn(['no-such-program'])).rejects.toMatchObject({ code: 'sandbox-spawn-failed' });
    await sandbox.destroy();
  });

  test('a backend that closes ends its sandboxes and asks for nothing more', async () => {
    const other = createRemoteBackend({ url: bench.server.url, apiKey });
    const sandbox = await other.create(SPEC);
    const child = await sandbox.spawn(['sleep', '100']);
    const printed = text(child.stdout);
    await other.close();
    expect((await sandbox.closed).reason).toBe('destroyed');
    await Promise.all([child.exit, printed]);
    expect((await call('GET', `/v1/sandboxes/${sandbox.id}`)).json().status).toBe('ended');
    await expect(sandbox.usage()).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('once only', () => {
  test('a start with the same key gives the same sandbox, with another body it is refused', async () => {
    const headers = { 'idempotency-key': 'same-key-again' };
    const starts = await Promise.all(
      [1, 2, 3].map(() => call('POST', '/v1/sandboxes', { json: { spec: SPEC }, headers })),
    );
    expect(starts.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(starts.map((one) => one.json().id)).size).toBe(1);
    const other = await call('POST', '/v1/sandboxes', { json: { spec: { ...SPEC, workdir: '/other' } }, headers });
    expect(other.status).toBe(422);
    expect((await call('DELETE', `/v1/sandboxes/${starts[0]?.json().id}`)).json().status).toBe('ended');
  });

  test('a process that is asked for twice runs once; input and output go on by offset', async () => {
    const view = (await call('POST', '/v1/sandboxes', { json: { spec: SPEC } })).json();
    const headers = { 'x-session-api-key': view.sessionKey };
    const path = `/v1/sandboxes/${view.id}/processes/process-1`;
    const json = { argv: ['sh', '-c', 'echo ran >> runs; cat; wc -l < runs'] };
    const start = () =>
      fetch(bench.server.url + path, {
        method: 'PUT',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(json),
      });
    const first = await start();
    const second = await start();
    for (const [offset, body] of [
      [0, 'abc'],
      [0, 'abc'],
      [2, 'cdef'],
      [3, 'def'],
    ] as const) {
      const sent = await fetch(`${bench.server.url}${path}/stdin?offset=${offset}`, { method: 'POST', headers, body });
      expect(sent.status).toBe(200);
    }
    const early = await fetch(`${bench.server.url}${path}/stdin?offset=99`, { method: 'POST', headers, body: 'x' });
    expect(early.status).toBe(409);
    await fetch(`${bench.server.url}${path}/stdin?offset=6&last=1`, { method: 'POST', headers, body: '' });
    expect((await stdoutOf(first)).length).toBeLessThan(8); // the second connection took over
    expect(await stdoutOf(second)).toBe('abcdef1\n');
    const rest = await fetch(`${bench.server.url}${path}/output?stdout=4&stderr=0`, { headers });
    expect(await stdoutOf(rest)).toBe('ef1\n');
    expect((await call('PUT', path, { json: { argv: ['true'] }, headers })).status).toBe(409);
    expect((await call('DELETE', path, { headers })).status).toBe(200);
    expect((await call('PUT', path, { json, headers })).status).toBe(410);
    await call('DELETE', `/v1/sandboxes/${view.id}`);
  });
});

describe('tenants', () => {
  test('nobody sees or touches what belongs to another key', async () => {
    const view = (await call('POST', '/v1/sandboxes', { json: { spec: SPEC } })).json();
    const stranger = { 'x-api-key': await bench.makeKey('stranger') };
    expect((await call('GET', '/v1/sandboxes', { headers: stranger })).json().sandboxes).toEqual([]);
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/pause'],
      ['POST', '/resume'],
      ['POST', '/snapshot'],
    ] as const)
      expect((await call(method, `/v1/sandboxes/${view.id}${path}`, { headers: stranger })).status).toBe(404);
    expect((await call('GET', `/v1/sandboxes/${view.id}`)).json().status).toBe('running');
    await call('DELETE', `/v1/sandboxes/${view.id}`);
  });

  test('a key has the places it was given, and 429 says when to come again', async () => {
    const headers = { 'x-api-key': await bench.makeKey('small', { maxSandboxes: 1 }) };
    const json = { spec: SPEC, waitSeconds: 0.05 };
    const first = await call('POST', '/v1/sandboxes', { json, headers });
    const second = await call('POST', '/v1/sandboxes', { json, headers });
    expect([first.status, second.status]).toEqual([201, 429]);
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0);
    await call('DELETE', `/v1/sandboxes/${first.json().id}`, { headers });
    const third = await call('POST', '/v1/sandboxes', { json, headers });
    expect(third.status).toBe(201);
    await call('DELETE', `/v1/sandboxes/${third.json().id}`, { headers });
  });

  test('a revoked key is refused at once', async () => {
    const headers = { 'x-api-key': await bench.makeKey('leaver') };
    expect((await call('GET', '/v1/sandboxes', { headers })).status).toBe(200);
    await bench.keys.revoke('leaver');
    expect((await call('GET', '/v1/sandboxes', { headers })).status).toBe(401);
  });
});

test('sandboxes under a lease that nobody prolongs are destroyed', async () => {
  await call('PUT', '/v1/leases/lease-of-test', { json: { seconds: 1 } });
  const view = (await call('POST', '/v1/sandboxes', { json: { spec: SPEC, leaseId: 'lease-of-test' } })).json();
  const ends = await call('GET', '/v1/leases/lease-of-test/ends');
  expect(ends.text).toContain('{}');
  await expect.poll(async () => (await call('GET', `/v1/sandboxes/${view.id}`)).json().status).toBe('ended');
});

test('files go up and down as archives', async () => {
  const view = (await call('POST', '/v1/sandboxes', { json: { spec: SPEC } })).json();
  const headers = { 'x-session-api-key': view.sessionKey };
  const files = `${bench.server.url}/v1/sandboxes/${view.id}/files`;
  const missing = await fetch(`${files}?path=/no/such/folder`, { headers });
  expect([missing.status, ((await missing.json()) as { error: { code: string } }).error.code]).toEqual([
    422,
    'sandbox-file',
  ]);
  const folder = `${view.spec.workdir}/up`;
  const archive = await fetch(`${files}?path=${process.cwd()}/docs/decisions`, { headers });
  const up = await fetch(`${files}?path=${folder}`, { method: 'PUT', headers, body: await archive.arrayBuffer() });
  expect(up.status).toBe(200);
  const again = await fetch(`${files}?path=${folder}`, { headers });
  expect(await again.text()).toContain('courier.md');
  await call('DELETE', `/v1/sandboxes/${view.id}`);
});

test('health, metrics and the description of all routes', async () => {
  expect((await call('GET', '/health')).json()).toEqual({ status: 'ok' });
  expect((await call('GET', '/ready')).status).toBe(200);
  expect((await call('GET', '/metrics')).text).toMatch(
    /assay_requests_total\{method="GET",route="\/health",status="200"\} 1/,
  );
  const { paths } = (await call('GET', '/openapi.json')).json();
  expect(paths['/v1/sandboxes'].post.requestBody.content['application/json'].schema.properties.spec.type).toBe(
    'object',
  );
  expect(Object.keys(paths)).toContain('/v1/sandboxes/{id}/processes/{process}/stdin');
});
