/** What a client learns of images and of the machine, and signs of life while it waits. */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HostBase } from '../../src/sandbox/host-base.ts';
import { createRemoteBackend, type RemoteBackend } from '../../src/sandbox/remote/remote-backend.ts';
import { hostBackend, NO_IMAGES, openServeBench, type ServeBench } from './serve-bench.ts';

const IMAGE = { digest: `sha256:${'a'.repeat(64)}`, env: { LANG: 'C' }, workdir: '/testbed' };
const HOST: HostBase = {
  digest: `sha256:${'b'.repeat(64)}`,
  path: '/opt/node/bin:/usr/bin',
  binds: [{ source: '/opt/node', target: '/opt/node' }],
  tools: { git: { path: '/usr/bin/git', version: 'git version 2' }, make: null },
  pythons: [
    { minor: '3.11', version: '3.11', path: '/usr/bin/python3.11' },
    { minor: '3.9', version: '3.9.1', path: '/home/x/bin/python3.9', prefix: '/home/x' },
  ],
};
const SLOW = 'docker.io/example/slow:1';

let bench: ServeBench;
const clients: RemoteBackend[] = [];

beforeAll(async () => {
  const backend = {
    ...hostBackend(),
    async describeImage(reference: string) {
      if (reference === SLOW) await sleep(10_500);
      return IMAGE;
    },
  };
  const images = {
    ...NO_IMAGES,
    find: async (name: string) => (name === 'docker.io/example/there:1' ? IMAGE : undefined),
  };
  bench = await openServeBench(backend, { images, hostBase: async () => HOST });
});
afterAll(async () => {
  for (const client of clients) await client.close();
  await bench.close();
  expect(bench.errors).toEqual([]);
});

async function client(name: string): Promise<RemoteBackend> {
  const made = createRemoteBackend({ url: bench.server.url, apiKey: await bench.makeKey(name) });
  clients.push(made);
  return made;
}

test('an image that is there is found by the key that was told of it, and by no other', async () => {
  const [one, two] = [await client('one'), await client('two')];
  expect(await one.findImage('example/there:1')).toBeUndefined();
  expect(await one.describeImage('example/there:1')).toEqual(IMAGE);
  expect(await one.findImage('example/there:1')).toEqual(IMAGE);
  expect(await one.findImage('example/elsewhere:1')).toBeUndefined();
  expect(await two.findImage('example/there:1')).toBeUndefined();
  await expect(one.findImage('evil.example/x')).rejects.toMatchObject({ code: 'image-refused' });
});

test('environments stand on the programs of the server; interpreters in folders of their own are the client’s', async () => {
  const { digest, path, tools, pythons } = await (await client('host')).hostBase();
  expect({ digest, path, tools }).toEqual({ digest: HOST.digest, path: HOST.path, tools: HOST.tools });
  expect(pythons).toContainEqual(HOST.pythons[0]);
  expect(pythons.map((one) => one.path)).not.toContain(HOST.pythons[1]?.path);
});

test('signs of life come to who asks for them while a reply takes long, and to nobody else', async () => {
  const key = await bench.makeKey('patient');
  const look = (prefer: string | undefined) =>
    new Promise<{ signs: number; status: number | undefined }>((resolve, reject) => {
      let signs = 0;
      const headers = { 'x-api-key': key, ...(prefer === undefined ? {} : { prefer }) };
      const asked = request(`${bench.server.url}/v1/images?reference=${SLOW}`, { headers }, (response) => {
        response.resume().once('end', () => resolve({ signs, status: response.statusCode }));
      });
      asked.on('information', ({ statusCode }) => {
        if (statusCode === 102) signs++;
      });
      asked.once('error', reject).end();
    });
  const [told, untold] = await Promise.all([look('signs-of-life'), look(undefined)]);
  expect([told, untold]).toEqual([
    { signs: 1, status: 200 },
    { signs: 0, status: 200 },
  ]);
});

test('a server whose sandboxes stand on images only has no programs to tell', async () => {
  const other = await openServeBench();
  const backend = createRemoteBackend({ url: other.server.url, apiKey: await other.makeKey('one') });
  await expect(backend.hostBase()).rejects.toMatchObject({ code: 'sandbox-unavailable' });
  await backend.close();
  await other.close();
});
