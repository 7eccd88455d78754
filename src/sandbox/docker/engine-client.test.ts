import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { collectImages } from './collect-images.ts';
import { EngineClient } from './engine-client.ts';
import { findEngine, parseEndpoint } from './engine-endpoint.ts';
import { engineStream } from './engine-stream.ts';
import { StartGate } from './start-gate.ts';

let folder: string;
let server: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-engine-'));
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const socket = () => join(folder, 'engine.sock');
const serve = (listener: RequestListener) => {
  server = createServer(listener);
  return new Promise<void>((resolve) => server?.listen(socket(), () => resolve()));
};
const client = (patienceMs = 5_000) => new EngineClient(parseEndpoint(`unix://${socket()}`, {}), patienceMs);

test('answers and errors of the engine', async () => {
  await serve((request, response) => {
    if (request.url === '/info') response.end('{"NCPU":4}');
    else response.writeHead(409).end('{"message":"name is in use"}');
  });
  expect(await client().json({ method: 'GET', path: '/info' })).toEqual({ NCPU: 4 });
  const refused = client().call({ method: 'POST', path: '/containers/create', body: {} });
  await expect(refused).rejects.toMatchObject({ name: 'EngineError', status: 409, message: 'name is in use' });
  expect((await client().call({ method: 'POST', path: '/x', accept: [409] })).status).toBe(409);
});

test('a restart of the engine is waited for', async () => {
  const call = client().json({ method: 'POST', path: '/containers/create', body: {} });
  await new Promise((resolve) => setTimeout(resolve, 200));
  await serve((_request, response) => response.end('{"Id":"x"}'));
  expect(await call).toEqual({ Id: 'x' });
});

test('a call that was cut off is repeated only when that is harmless', async () => {
  const seen: string[] = [];
  await serve((request, response) => {
    seen.push(`${request.method}`);
    if (seen.length <= 1) request.socket.destroy();
    else if (seen.length === 3) request.socket.destroy();
    else response.end('{}');
  });
  await client().json({ method: 'GET', path: '/info' });
  await expect(client().json({ method: 'POST', path: '/commit' })).rejects.toMatchObject({
    code: 'sandbox-unavailable',
  });
  expect(seen).toEqual(['GET', 'GET', 'POST']);
});

test('an engine that is not there is said, with what to do', async () => {
  await expect(client(0).json({ method: 'GET', path: '/info' })).rejects.toMatchObject({
    code: 'sandbox-unavailable',
    hint: expect.stringContaining('DOCKER_HOST'),
  });
});

test('old images that Assay made are removed, those in use and those of others are not', async () => {
  const now = 1_800_000_000;
  const days = (count: number) => now - count * 86_400;
  const images = [
    { Created: days(8), RepoTags: ['assay.local/prepared:old'], Size: 5 },
    { Created: days(8), RepoTags: ['assay.local/prepared:used'], Size: 7 },
    { Created: days(8), RepoTags: ['assay.local/layers/a:young'], Size: 1 },
    { Created: days(31), RepoTags: ['assay.local/layers/a:old', 'mine:1'], Size: 3 },
    { Created: days(99), RepoTags: ['assay.local/prepared-by-me:1', 'debian:12'], Size: 1 },
    { Created: days(99), RepoTags: null, Size: 1 },
  ];
  const deleted: string[] = [];
  await serve((request, response) => {
    if (request.method === 'GET') return void response.end(JSON.stringify(images));
    deleted.push(request.url ?? '');
    response.writeHead(request.url?.endsWith(':used') ? 409 : 200).end('[]');
  });
  expect(await collectImages(client(), now)).toBe(8);
  expect(deleted.sort()).toEqual([
    '/images/assay.local/layers/a:old',
    '/images/assay.local/prepared:old',
    '/images/assay.local/prepared:used',
  ]);
});

test('where the engine is: variables, the chosen context', async () => {
  expect(findEngine({ DOCKER_HOST: 'tcp://10.0.0.1:2375' })?.request).toEqual({ host: '10.0.0.1', port: 2375 });
  expect(findEngine({ CONTAINER_HOST: 'unix:///run/p.sock' })?.request).toEqual({ socketPath: '/run/p.sock' });
  expect(() => parseEndpoint('ssh://host', {})).toThrow(expect.objectContaining({ code: 'config-invalid' }));
  const meta = join(folder, 'contexts', 'meta', createHash('sha256').update('far').digest('hex'));
  mkdirSync(meta, { recursive: true });
  writeFileSync(join(meta, 'meta.json'), JSON.stringify({ Endpoints: { docker: { Host: 'tcp://far:1' } } }));
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ currentContext: 'far' }));
  expect(findEngine({ DOCKER_CONFIG: folder })?.address).toBe('tcp://far:1');
});

test('the engine frames stdout and stderr of an attached container', async () => {
  const wire = new PassThrough();
  let errors = '';
  const stream = engineStream(wire, (text) => {
    errors += text;
  });
  const bytes = Buffer.concat([
    ...[
      [1, 'one '],
      [2, 'problem'],
      [1, 'two'],
    ].map(([which, text]) => {
      const head = Buffer.alloc(8);
      head.writeUInt8(Number(which), 0);
      head.writeUInt32BE(String(text).length, 4);
      return Buffer.concat([head, Buffer.from(String(text))]);
    }),
  ]);
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (const byte of bytes) wire.write(Buffer.from([byte]));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect([Buffer.concat(chunks).toString(), errors]).toEqual(['one two', 'problem']);
});

test('the gate lets so many through at once, in order, also after failures', async () => {
  const gate = new StartGate(2);
  let running = 0;
  let most = 0;
  const order: number[] = [];
  const work = (n: number) => async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    running--;
    order.push(n);
    if (n === 1) throw new Error('one fails');
  };
  const ends = await Promise.allSettled([0, 1, 2, 3, 4].map((n) => gate.pass(work(n))));
  expect([most, order, ends.filter((end) => end.status === 'rejected').length]).toEqual([2, [0, 1, 2, 3, 4], 1]);
});
