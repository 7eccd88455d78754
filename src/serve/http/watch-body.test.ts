import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { watchBody } from './watch-body.ts';

const LIMITS = { wholeMs: 2_000, paceMs: 1_000, paceBytes: 200 };
let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Status and time of the answer to a body of which a piece comes every 50 ms. */
async function send(isLong: boolean, pieces: number, piece: string, readAfterMs = 0) {
  server = createServer({ requestTimeout: 0 }, (request, response) => {
    watchBody(request, isLong, LIMITS);
    request.on('error', () => {});
    setTimeout(() => request.resume(), readAfterMs);
    request.once('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const started = performance.now();
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
  const answer = new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString())));
  socket.write(`PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ${pieces * piece.length}\r\n\r\n`);
  for (let n = 0; n < pieces && socket.writable; n++) {
    socket.write(piece);
    await sleep(50);
  }
  const status = Number((await answer).split(' ')[1]);
  socket.destroy();
  return { status, ms: performance.now() - started };
}

test('an ordinary body must be whole in time, however well it flows', async () => {
  expect(await send(false, 4, 'x'.repeat(100))).toMatchObject({ status: 200 });
  expect((await send(false, 60, 'x'.repeat(100))).status).toBe(408);
});

test('a long body may take as long as it flows', async () => {
  const { status, ms } = await send(true, 60, 'x'.repeat(100));
  expect(status).toBe(200);
  expect(ms).toBeGreaterThan(LIMITS.wholeMs);
  expect((await send(true, 60, 'x')).status).toBe(408);
});

test('a reader that is slow is not the fault of the client', async () => {
  expect((await send(true, 4, 'x'.repeat(100), 3_000)).status).toBe(200);
});
