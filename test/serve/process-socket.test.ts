/** A process over one WebSocket, as a client of another make would use it. The sandboxes have no isolation, so that this runs on every machine with bash. */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { FrameReader } from '../../src/sandbox/remote/frames.ts';
import { hasBash } from './has-bash.ts';
import { openServeBench, type ServeBench, SPEC } from './serve-bench.ts';

let bench: ServeBench;
let sandbox: { id: string; sessionKey: string };
let count = 0;

beforeAll(async () => {
  bench = await openServeBench();
  const headers = { 'x-api-key': await bench.makeKey('sockets'), 'content-type': 'application/json' };
  const started = await fetch(`${bench.server.url}/v1/sandboxes`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ spec: SPEC }),
  });
  sandbox = (await started.json()) as typeof sandbox;
});
afterAll(async () => {
  await bench.close();
  expect(bench.errors).toEqual([]);
});

interface Talk {
  websocket: WebSocket;
  /** What came so far. */
  heard: { stdout: string; stderr: string; exit: unknown; texts: Record<string, unknown>[] };
  say(message: object): void;
  until(isThere: () => boolean): Promise<void>;
  /** Resolves with the code that ends it. */
  closed: Promise<number>;
}

const newId = () => `process-${++count}`;

/** Messages may be sent before anything came back. */
async function open(processId: string, sessionKey = sandbox.sessionKey): Promise<Talk> {
  const url = `${bench.server.url.replace('http', 'ws')}/v1/sandboxes/${sandbox.id}/processes/${processId}/socket`;
  const websocket = new WebSocket(url, { headers: { 'X-Session-API-Key': sessionKey } });
  const heard: Talk['heard'] = { stdout: '', stderr: '', exit: null, texts: [] };
  const reader = new FrameReader();
  websocket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) heard.texts.push(JSON.parse(data.toString()));
    for (const { kind, payload } of isBinary ? reader.push(data) : []) {
      if (kind === 'stdout' || kind === 'stderr') heard[kind] += payload.toString();
      if (kind === 'exit') heard.exit = JSON.parse(payload.toString());
    }
  });
  const closed = once(websocket, 'close').then(([code]) => code as number);
  await once(websocket, 'open');
  return {
    websocket,
    heard,
    closed,
    say: (message) => websocket.send(JSON.stringify(message)),
    until: (isThere) => expect.poll(isThere, { timeout: 10_000, interval: 5 }).toBe(true),
  };
}

const bash = (script: string, more: object = {}) => ({ start: { argv: ['bash', '-c', script], ...more } });
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe.skipIf(!hasBash())('the WebSocket of a process', () => {
  test('starts it, brings output and exit, takes input that was sent ahead', async () => {
    const talk = await open(newId());
    talk.say(bash('read line; echo "got $line"; echo apart >&2; cat; exit 7'));
    talk.say({ input: { offset: 0, bytes: base64('one\n') } });
    talk.say({ input: { offset: 4, bytes: base64('two\n'), last: true } });
    expect(await talk.closed).toBe(1000);
    expect(talk.heard).toMatchObject({ stdout: 'got one\ntwo\n', stderr: 'apart\n', exit: { code: 7, signal: null } });
    expect(talk.heard.texts).toEqual([{ taken: 4 }, { taken: 8 }]);
  });

  test('after a cut the next connection goes on at the bytes that the client has; nothing runs twice', async () => {
    const id = newId();
    const first = await open(id);
    const order = bash('echo begun; read line; echo "$line"');
    first.say(order);
    await first.until(() => first.heard.stdout === 'begun\n');
    first.websocket.terminate();
    const second = await open(id);
    second.say({ attach: { stdout: 3, stderr: 0 } });
    await second.until(() => second.heard.stdout === 'un\n');
    // What this id started is found, not started again, and the newest connection gets its output.
    const third = await open(id);
    third.say(order);
    expect(await second.closed).toBe(4409);
    third.say({ input: { offset: 0, bytes: base64('end\n'), last: true } });
    expect(await third.closed).toBe(1000);
    expect(third.heard.stdout).toBe('begun\nend\n');
    const another = await open(id);
    another.say(bash('echo other'));
    expect(await another.closed).toBe(4409);
  });

  test('signals; what does not fit is told and the connection lives on; large output waits for the client', async () => {
    const talk = await open(newId());
    talk.say(
      bash('trap "echo asked; exit 3" TERM; head -c 9000000 /dev/zero | tr "\\\\0" x; while :; do sleep 0.05; done'),
    );
    // Above its window the process waits until what came is acknowledged.
    await talk.until(() => talk.heard.stdout.length >= 4 * 1024 ** 2);
    for (const odd of [{ input: { offset: 99, bytes: '' } }, { fly: 1 }]) talk.say(odd);
    talk.websocket.send('no JSON');
    await talk.until(() => talk.heard.texts.length === 3);
    expect(talk.heard.texts.map(({ status }) => status).toSorted()).toEqual([400, 400, 409]);
    for (let acked = -1; talk.heard.stdout.length < 9_000_000; ) {
      await talk.until(() => talk.heard.stdout.length > acked);
      acked = talk.heard.stdout.length;
      talk.say({ ack: { stdout: acked, stderr: 0 } });
    }
    talk.say({ signal: 'SIGTERM' });
    expect(await talk.closed).toBe(1000);
    expect(talk.heard.stdout.endsWith('xasked\n')).toBe(true);
    expect(talk.heard.exit).toMatchObject({ code: 3 });
  });

  test('is refused without the key, from web pages, for odd ids; a bad first message ends it', async () => {
    const url = `${bench.server.url.replace('http', 'ws')}/v1/sandboxes/${sandbox.id}/processes`;
    const refusal = async (path: string, headers: Record<string, string>) => {
      const websocket = new WebSocket(`${url}/${path}`, { headers });
      const [, response] = (await once(
        websocket.on('error', () => {}),
        'unexpected-response',
      )) as [unknown, { statusCode: number }];
      websocket.terminate();
      return response.statusCode;
    };
    const key = { 'X-Session-API-Key': sandbox.sessionKey };
    expect(await refusal('process-x/socket', {})).toBe(401);
    expect(await refusal('process-x/socket', { 'X-Session-API-Key': 'wrong' })).toBe(401);
    expect(await refusal('process-x/socket', { ...key, Origin: 'https://evil.example' })).toBe(403);
    expect(await refusal('short/socket', key)).toBe(400);
    expect(await refusal('process-x/other', key)).toBe(404);
    const unknown = await open('process-unknown');
    unknown.say({ attach: { stdout: 0, stderr: 0 } });
    expect(await unknown.closed).toBe(4404);
    const odd = await open(newId());
    odd.say({ start: { argv: [] } });
    expect(await odd.closed).toBe(4400);
    const huge = await open(newId());
    huge.websocket.send('x'.repeat(3_000_000));
    expect(await huge.closed).toBe(1009);
  });
});
