/** Servers that fall silent, stay away, or do not take the credentials. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { ApiClient } from './api-client.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function clientOf(listener: RequestListener, patienceMs = 1_000) {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const state = { forgotten: 0 };
  const access = {
    server: new URL(`http://127.0.0.1:${port}`),
    namespace: 'test',
    options: async () => ({}),
    forget: () => {
      state.forgotten++;
    },
  };
  return { client: new ApiClient({ access, patienceMs }), state };
}

test('an answer that breaks off in the middle is asked for again', async () => {
  let asked = 0;
  const { client } = await clientOf((_request, response) => {
    asked++;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"a":');
    if (asked > 1) response.end('1}'); // the first is never ended
  });
  const reply = await client.call({ method: 'GET', path: '/x', timeoutMs: 200 });
  expect([reply.body, asked]).toEqual([{ a: 1 }, 2]);
});

test('a server that never ends its answers is unavailable in the end', async () => {
  const { client } = await clientOf((_request, response) => {
    response.writeHead(200);
    response.write('{');
  }, 300);
  await expect(client.call({ method: 'GET', path: '/x', timeoutMs: 100 })).rejects.toMatchObject({
    code: 'sandbox-unavailable',
    retryable: true,
  });
});

test('credentials that are refused are read anew once, by calls and by streams', async () => {
  const { client, state } = await clientOf((_request, response) => {
    response.writeHead(401).end('{"message":"Unauthorized"}');
  });
  await expect(client.call({ method: 'GET', path: '/x' })).rejects.toMatchObject({ status: 401 });
  expect(state.forgotten).toBe(2);
  (await client.open({ method: 'GET', path: '/watch' })).resume();
  expect(state.forgotten).toBe(3);
});

/** Answers with these statuses, one after the other. */
function answering(statuses: number[], message: string) {
  return clientOf((_request, response) => {
    response.writeHead(statuses.shift() ?? 500).end(JSON.stringify({ message }));
  }, 10_000);
}

test('what a server refuses soon after it was away is asked for again', async () => {
  const { client } = await answering([503, 403, 401, 403, 200], 'no right');
  expect((await client.call({ method: 'GET', path: '/x' })).status).toBe(200);
});

test.each([
  ['a right that is missing', [403], 'no right'],
  ['a full quota, also soon after the server was away', [503, 403], 'exceeded quota: q'],
])('%s is told at once', async (_what, statuses, message) => {
  const { client } = await answering(statuses, message);
  await expect(client.call({ method: 'GET', path: '/x' })).rejects.toMatchObject({ status: 403, message });
});

test('a name that nobody knows is waited for', async () => {
  const access = {
    server: new URL('http://api.assay.invalid'),
    namespace: 'test',
    options: async () => ({}),
    forget: () => {},
  };
  const from = Date.now();
  await expect(new ApiClient({ access, patienceMs: 500 }).call({ method: 'GET', path: '/x' })).rejects.toMatchObject({
    code: 'sandbox-unavailable',
    retryable: true,
  });
  expect(Date.now() - from).toBeGreaterThanOrEqual(90);
});
