/** A listener that is killed takes connections with it, and nothing else. The sandboxes have no isolation, so that this runs on every machine. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exec } from '../../src/sandbox/exec.ts';
import { createRemoteBackend } from '../../src/sandbox/remote/remote-backend.ts';
import { isAlive, ListenerProcess } from './listener-process.ts';
import { SPEC } from './serve-bench.ts';

let server: ListenerProcess;
let apiKey: string;

beforeEach(async () => {
  server = new ListenerProcess();
  apiKey = await server.makeKey();
});
afterEach(() => server.close());

const open = () => createRemoteBackend({ url: server.url, apiKey, lostAfterMs: 60_000 });

test('kill -9 of the listener amid 20 commands: each goes on where it was, and ran once', async () => {
  await server.start();
  const keeper = server.keeper.pid;
  const backend = open();
  const sandboxes = await Promise.all(Array.from({ length: 5 }, () => backend.create(SPEC)));
  const input = Buffer.alloc(200_000, 'input ');
  const commands = Array.from({ length: 20 }, async (_, n) => {
    const sandbox = sandboxes[n % sandboxes.length] ?? sandboxes[0];
    const script = `echo ${n} >> ran; cat; i=0; while [ $i -lt 60 ]; do echo "line $i"; sleep 0.05; i=$((i+1)); done; exit ${n}`;
    return sandbox === undefined ? undefined : exec(sandbox, ['sh', '-c', script], { input });
  });
  for (let killed = 0; killed < 2; killed++) {
    await sleep(600);
    await server.kill();
    await server.start();
  }
  const printed = Buffer.concat([input, Buffer.from(Array.from({ length: 60 }, (_, i) => `line ${i}\n`).join(''))]);
  for (const [n, result] of (await Promise.all(commands)).entries()) {
    expect(result?.exitCode).toBe(n);
    expect(result?.stdout.equals(printed)).toBe(true);
  }
  const ran = await Promise.all(sandboxes.map(async (one) => (await exec(one, ['cat', 'ran'])).stdout.toString()));
  const numbers = ran.join('').trim().split('\n').map(Number);
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  expect(server.keeper.pid).toBe(keeper);
  await backend.close();
});

test('a keeper without a listener ends by itself, with its sandboxes', async () => {
  await server.start({ holdSeconds: 1 });
  const { pid, clients } = server.keeper;
  const sandbox = await open().create(SPEC);
  const child = await sandbox.spawn(['sh', '-c', 'echo $$; exec sleep 300']);
  const [line] = (await child.stdout.take(1).toArray()) as Buffer[];
  await server.kill();
  await expect.poll(() => isAlive(Number(line)) || isAlive(pid), { timeout: 10_000 }).toBe(false);
  expect(existsSync(clients)).toBe(false);
});

test('a keeper that was killed is replaced; what ran there is told to be unknown', async () => {
  await server.start();
  const backend = open();
  const sandbox = await backend.create(SPEC);
  const child = await sandbox.spawn(['sleep', '5']);
  process.kill(server.keeper.pid, 'SIGKILL');
  await server.kill();
  await server.start();
  expect((await child.exit).sandboxDied).toBe(true);
  await expect(sandbox.spawn(['true'])).rejects.toMatchObject({ code: 'sandbox-died' });
  const fresh = await backend.create(SPEC);
  expect((await exec(fresh, ['echo', 'on'])).stdout.toString()).toBe('on\n');
  await backend.close();
});

test('only one listener has a keeper, and one of another kind is refused while sandboxes live', async () => {
  await server.start();
  const second = new ListenerProcess({}, server.home);
  await expect(second.start()).rejects.toThrow('a server runs already');
  await open().create(SPEC);
  await server.kill();
  await expect(server.start({ sandbox: 'another-kind' })).rejects.toThrow('live sandboxes of kind host-test');
}, 180_000);

test('refusals name the address of the client, also through the listener', async () => {
  await server.start();
  expect((await fetch(`${server.url}/v1/sandboxes`, { headers: { 'x-api-key': 'wrong' } })).status).toBe(401);
  const audit = () => readFileSync(join(server.home, 'serve', 'audit.jsonl'), 'utf8');
  await expect.poll(audit).toContain('"status":401,"path":"/v1/sandboxes","who":"-","from":"127.0.0.1"');
});
