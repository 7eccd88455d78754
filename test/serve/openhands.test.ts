/** The requests of the OpenHands clients, in the order in which they send them. The sandboxes have no isolation, so that this runs on every machine. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasBash } from './has-bash.ts';
import { takeInnerPort } from './inner-port.ts';
import { openServeBench, type ServeBench } from './serve-bench.ts';

let letGo: () => void;
let bench: ServeBench;
let apiKey: string;

beforeAll(async () => {
  letGo = await takeInnerPort();
  bench = await openServeBench();
  apiKey = await bench.makeKey('openhands');
}, 120_000);
afterAll(async () => {
  await bench.close();
  letGo();
});

async function call(method: string, path: string, json?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(path.startsWith('http') ? path : bench.server.url + path, {
    method,
    headers: { 'x-api-key': apiKey, ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text };
}

/** Stands for the action server in the image: answers on port 60000. */
const INNER = `const http = require('node:http'); http.createServer((request, response) => {
  if (request.url === '/alive') return response.end('ok');
  let body = ''; request.on('data', (part) => { body += part; }).on('end', () => {
    const known = request.headers['x-session-api-key'] === process.env.SESSION_API_KEY;
    response.setHeader('content-type', 'application/json'); response.statusCode = known ? 200 : 401;
    response.end(JSON.stringify({ url: request.url, account: request.headers['x-api-key'] ?? null, body })); }); }).listen(60000, '127.0.0.1');`;

const START = {
  image: 'example/runtime:1',
  command: [process.execPath, '-e', INNER],
  environment: { DEBUG: 'true' },
  session_id: 'instance-1',
  resource_factor: 2,
  run_as_user: 10001,
};

test.skipIf(!hasBash())('look, start, wait, act, pause or resume, attach again, stop', async () => {
  expect((await call('GET', '/sessions/instance-1')).status).toBe(404);
  const started = await call('POST', '/start', START);
  expect(started.status).toBe(200);
  const { runtime_id, url, session_api_key } = started.body;
  expect((await call('GET', '/sessions/instance-1')).body).toMatchObject({ status: 'running', runtime_id });
  expect((await call('GET', `/runtime/${runtime_id}`)).body).toMatchObject({ pod_status: 'ready', restart_count: 0 });
  await expect.poll(async () => (await call('GET', `${url}/alive`)).body, { timeout: 30_000 }).toBe('ok');
  const headers = { 'x-session-api-key': session_api_key };
  const acted = await call('POST', `${url}/execute_action?a=b`, { action: 'run' }, headers);
  expect(acted).toEqual({
    status: 200,
    body: { url: '/execute_action?a=b', account: null, body: '{"action":"run"}' },
  });
  expect((await call('POST', `${url}/execute_action`, {}, { 'x-session-api-key': 'wrong' })).status).toBe(401);
  expect((await call('POST', '/start', START)).body.runtime_id).toBe(runtime_id);
  expect((await call('GET', '/list')).body).toMatchObject({ total: 1, runtimes: [{ runtime_id }] });
  expect((await call('GET', '/sessions/batch?ids=instance-1&ids=other')).body).toHaveLength(1);
  expect((await call('POST', '/stop', { runtime_id })).status).toBe(200);
  expect((await call('GET', '/sessions/instance-1')).status).toBe(404);
  expect((await call('GET', '/list')).body.total).toBe(0);
});

test('images', async () => {
  expect((await call('GET', '/registry_prefix')).body).toEqual({ registry_prefix: 'docker.io' });
  expect((await call('GET', '/image_exists?image=example/runtime:1')).body.exists).toBe(true);
  expect((await call('GET', '/image_exists?image=169.254.169.254/x')).status).toBe(403);
});

test('a resource factor that is none, and a runtime of somebody else', async () => {
  expect((await call('POST', '/start', { ...START, resource_factor: 3 })).status).toBe(400);
  expect((await call('POST', '/stop', { runtime_id: 'f'.repeat(32) })).status).toBe(404);
});
