/** WebSockets of OpenHands clients, through the server to a program in the sandbox. The sandboxes have no isolation, so that this runs on every machine with bash. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hasBash } from './has-bash.ts';
import { takeInnerPort } from './inner-port.ts';
import { MiniWebsocket } from './mini-websocket.ts';
import { openServeBench, type ServeBench } from './serve-bench.ts';

/** A WebSocket server at port 60000: tells the first message its path and headers, then sends back what comes. */
const INNER = `const http = require('node:http'); const { createHash } = require('node:crypto');
const server = http.createServer((request, response) => response.end('ok')); server.on('upgrade', (request, socket) => {
  if (request.url === '/refused') return socket.end('HTTP/1.1 403 Forbidden\\r\\ncontent-length: 0\\r\\nconnection: close\\r\\n\\r\\n');
  const key = createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSet-Cookie: a=b\\r\\nSec-WebSocket-Accept: ' + key + '\\r\\n\\r\\n');
  const say = (text) => socket.write(Buffer.concat([Buffer.from([0x81, 126, text.length >> 8, text.length & 255]), Buffer.from(text)]));
  let rest = Buffer.alloc(0); let first = true; socket.on('error', () => {});
  socket.on('data', (chunk) => { rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 6) { const long = (rest[1] & 127) === 126; const at = long ? 4 : 2; const length = long ? rest.readUInt16BE(2) : rest[1] & 127;
      if (rest.length < at + 4 + length) return; const mask = rest.subarray(at, at + 4);
      const text = Buffer.from(rest.subarray(at + 4, at + 4 + length).map((byte, index) => byte ^ mask[index % 4])).toString(); rest = rest.subarray(at + 4 + length);
      if (first) { first = false; say(JSON.stringify({ url: request.url, headers: request.headers, text })); } else if (text === 'bye') socket.end(); else say(text); } }); });
server.listen(60000, '127.0.0.1');`;

const FINAL_CLOSE = 0x88;

let letGo: () => void;
let bench: ServeBench;
let runtime: { runtime_id: string; url: string; session_api_key: string };
let base: string;

beforeAll(async () => {
  letGo = await takeInnerPort();
  bench = await openServeBench();
  const headers = { 'x-api-key': await bench.makeKey('openhands'), 'content-type': 'application/json' };
  const json = { image: 'example/runtime:1', command: [process.execPath, '-e', INNER], session_id: 'sockets' };
  const started = await fetch(`${bench.server.url}/start`, { method: 'POST', headers, body: JSON.stringify(json) });
  runtime = (await started.json()) as typeof runtime;
  base = runtime.url.replace('http:', 'ws:');
  await vi.waitFor(async () => expect((await fetch(`${runtime.url}/alive`)).status).toBe(200), { timeout: 30_000 });
}, 120_000);
afterAll(async () => {
  await bench.close();
  letGo();
  expect(bench.errors).toEqual([]);
});

const auth = (key: string) => JSON.stringify({ type: 'auth', session_api_key: key });
const codeOf = (payload: Buffer | undefined) => (payload === undefined ? 0 : payload.readUInt16BE(0));

describe.skipIf(!hasBash())('a WebSocket to a runtime', () => {
  test('with the key in a header or in the query: the handshake is passed on as it is', async () => {
    const { websocket, answer } = await MiniWebsocket.open(`${base}/sockets/events/1?a=b`, {
      'X-Session-API-Key': runtime.session_api_key,
      'X-API-Key': 'account',
      'Sec-WebSocket-Extensions': 'permessage-deflate',
    });
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer).not.toMatch(/set-cookie/i);
    websocket.send('hello');
    const first = JSON.parse(String((await websocket.next())?.payload));
    expect(first).toMatchObject({ url: '/sockets/events/1?a=b', text: 'hello' });
    expect(first.headers).toMatchObject({ host: 'localhost', 'sec-websocket-extensions': 'permessage-deflate' });
    expect(first.headers['x-api-key']).toBeUndefined();
    for (const text of ['x'.repeat(5_000), 'bye']) websocket.send(text);
    expect((await websocket.next())?.payload.length).toBe(5_000);
    expect(await websocket.next()).toBeNull();
    const query = await MiniWebsocket.open(`${base}/sockets/events/1?session_api_key=${runtime.session_api_key}`);
    expect(query.answer).toMatch(/^HTTP\/1\.1 101 /);
    query.websocket.close();
  });

  test('with the key in the first message, and more right behind it', async () => {
    const { websocket, answer } = await MiniWebsocket.open(`${base}/sockets/events/2`, {
      'Sec-WebSocket-Extensions': 'permessage-deflate',
    });
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer).not.toMatch(/extensions/i);
    websocket.send(auth(runtime.session_api_key));
    websocket.send('second');
    const first = JSON.parse(String((await websocket.next())?.payload));
    expect(first).toMatchObject({ url: '/sockets/events/2', text: auth(runtime.session_api_key) });
    expect(first.headers['sec-websocket-extensions']).toBeUndefined();
    expect(String((await websocket.next())?.payload)).toBe('second');
    websocket.close();
  });

  test('keys that open nothing', async () => {
    const wrong = await MiniWebsocket.open(`${base}/sockets/events/3`, { 'X-Session-API-Key': 'wrong' });
    expect(wrong.answer).toMatch(/^HTTP\/1\.1 401 /);
    for (const url of [`${base}/x`, `${base.replace(runtime.runtime_id, 'f'.repeat(32))}/x`])
      for (const text of [auth('wrong'), '{}', 'no json', 'x'.repeat(5_000)]) {
        const { websocket } = await MiniWebsocket.open(url);
        websocket.send(text);
        const frame = await websocket.next();
        expect([frame?.kind, codeOf(frame?.payload)]).toEqual([FINAL_CLOSE, 4001]);
        expect(await websocket.next()).toBeNull();
      }
  });

  test('frames that are none: not masked, split, binary, endless', async () => {
    for (const bytes of [
      [0x81, 2, 65, 66],
      [0x01, 0x82],
      [0x82, 0x82],
      [0x81, 0xff],
    ]) {
      const { websocket } = await MiniWebsocket.open(`${base}/x`);
      websocket.sendRaw(Buffer.from(bytes));
      expect(codeOf((await websocket.next())?.payload)).toBe(4001);
    }
  });

  test('what is no WebSocket of a runtime', async () => {
    const headers = { 'X-Session-API-Key': runtime.session_api_key };
    const answerTo = async (url: string, more: Record<string, string> = {}) =>
      (await MiniWebsocket.open(url, { ...headers, ...more })).answer.split(' ')[1];
    expect(await answerTo(`${base}/x`, { Origin: 'https://evil.example' })).toBe('403');
    expect(await answerTo(`${base}/x`, { Upgrade: 'h2c' })).toBe('404');
    expect(await answerTo(`${bench.server.url}/v1/sandboxes`)).toBe('404');
    expect(await answerTo(`${base}/refused`)).toBe('403');
    const nameless = await MiniWebsocket.open(`${base}/x`, { 'Sec-WebSocket-Version': '8' });
    expect(nameless.answer).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('at most 64 at a time lead into one sandbox', async () => {
    const headers = { 'X-Session-API-Key': runtime.session_api_key };
    const open = () => MiniWebsocket.open(`${base}/sockets/events/4`, headers);
    const many = await Promise.all(Array.from({ length: 64 }, open));
    expect((await open()).answer).toMatch(/^HTTP\/1\.1 429 .*retry-after: 1/s);
    for (const { websocket } of many) websocket.close();
    await expect.poll(async () => (await open()).answer.split(' ')[1]).toBe('101');
  });
});

test('the state of a runtime whose program ended says so, with what it printed', async () => {
  const headers = { 'x-api-key': await bench.makeKey('ending'), 'content-type': 'application/json' };
  const body = JSON.stringify({ image: 'example/x:1', command: 'echo no such model; exit 3', session_id: 'ending' });
  await fetch(`${bench.server.url}/start`, { method: 'POST', headers, body });
  const look = async () => (await (await fetch(`${bench.server.url}/sessions/ending`, { headers })).json()) as object;
  await expect.poll(look).toMatchObject({ status: 'running', pod_status: 'failed', pod_logs: 'no such model\n' });
});
