import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import type { Sandbox, SandboxNetwork } from '../../src/contracts/index.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { startFilterProxy } from '../../src/sandbox/filter-proxy.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { CONTRACT_SPEC } from '../contracts/sandbox-contract.ts';
import { describeRequiring } from '../support/requirements.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-network-'));
chmodSync(home, 0o711);
afterAll(() => rmSync(home, { recursive: true, force: true }));
const portOf = (server: { address(): unknown }) => (server.address() as { port: number }).port;

/** One exchange with the proxy over its unix socket. */
async function ask(path: string, request: string): Promise<string> {
  const socket = connect(path);
  socket.write(request);
  return text(socket);
}

test('a name that leads to a private address is refused, whoever controls it, and so is what is not on the list', async () => {
  const names: Record<string, string> = {
    'rebound.test': '127.0.0.1',
    'cloud.test': '169.254.169.254',
    'six.test': '::1',
    'mapped.test': '::ffff:10.0.0.1',
  };
  const path = join(home, 'proxy');
  const lookup = async (name: string) =>
    names[name] ?? Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' }));
  const proxy = await startFilterProxy(path, ['*.test', 'gone.example'], { lookup });
  for (const name of Object.keys(names)) {
    expect(await ask(path, `CONNECT ${name}:443 HTTP/1.1\r\n\r\n`), name).toMatch(
      /^HTTP\/1.1 403[\s\S]*no public address/,
    );
  }
  expect(await ask(path, 'CONNECT elsewhere.org:443 HTTP/1.1\r\n\r\n')).toMatch(/403[\s\S]*not on the list/);
  expect(await ask(path, 'CONNECT rebound.test:22 HTTP/1.1\r\n\r\n')).toMatch(/403[\s\S]*not on the list/);
  expect(await ask(path, 'CONNECT gone.example:443 HTTP/1.1\r\n\r\n')).toMatch(/403[\s\S]*ENOTFOUND/);
  expect(
    await ask(path, 'GET http://elsewhere.org/ HTTP/1.1\r\nHost: rebound.test\r\nConnection: close\r\n\r\n'),
  ).toMatch(/403/);
  expect(await ask(path, 'GET /relative HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(/ 400 /);
  expect([...proxy.refused]).toContain('elsewhere.org:443');
  await proxy.close();
  await expect(startFilterProxy(path, ['https://pypi.org'])).rejects.toMatchObject({ code: 'usage' });
});

test('what a sandbox asks for does not fill our memory: long names are cut, and only so many kept', async () => {
  const path = join(home, 'many');
  const proxy = await startFilterProxy(path, []);
  const long = 'a'.repeat(15_000);
  for (let i = 0; i < 1200; i += 100)
    await Promise.all(Array.from({ length: 100 }, (_, k) => ask(path, `CONNECT ${long}${i + k}:443 HTTP/1.1\r\n\r\n`)));
  for (let i = 0; i < 1200; i++) await ask(path, `CONNECT n${i}.org:443 HTTP/1.1\r\n\r\n`);
  expect(proxy.refused.size).toBe(1000);
  expect(Math.max(...[...proxy.refused].map((name) => name.length))).toBeLessThan(300);
  await proxy.close();
});

test('nothing is connected to for a client that is gone, or a proxy that is closed, while the name is looked up', async () => {
  let connections = 0;
  const target = createTcpServer((socket) => {
    connections++;
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  const path = join(home, 'slow');
  const lookedUp: ((address: string) => void)[] = [];
  const asked = (count: number) => vi.waitFor(() => expect(lookedUp).toHaveLength(count));
  const lookup = () => new Promise<string>((resolve) => lookedUp.push(resolve));
  const proxy = await startFilterProxy(path, [`localhost:${portOf(target)}`], { lookup });
  const requests = [
    `CONNECT localhost:${portOf(target)} HTTP/1.1\r\n\r\n`,
    `GET http://localhost:${portOf(target)}/ HTTP/1.1\r\nHost: a\r\n\r\n`,
  ];
  for (const [i, request] of requests.entries()) {
    const client = connect(path);
    client.write(request);
    await asked(i + 1);
    client.destroy();
  }
  await setTimeout(50); // until the proxy has seen them go
  const waiting = connect(path).on('error', () => {});
  waiting.write(requests[0] ?? '');
  await asked(3);
  await proxy.close();
  for (const answer of lookedUp) answer('127.0.0.1');
  await setTimeout(100);
  expect(connections).toBe(0);
  target.close();
});

const backend = createNativeBackend({ paths: assayPaths(join(home, 'store')), tier: 'helper' });
const probe = await backend.probe();

describeRequiring(
  'helper',
  probe.available ? undefined : probe.notes.join(' '),
  'a sandbox with a list of hosts',
  () => {
    let server: Server;
    let other: Server;
    const echo = createTcpServer((socket) => socket.pipe(socket));
    beforeAll(async () => {
      server = createServer((incoming, reply) => {
        reply.end(`${incoming.method} ${incoming.url} for ${incoming.headers.host}`);
      });
      other = createServer((_, reply) => reply.end('other'));
      for (const one of [server, other, echo])
        await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
    });
    afterAll(async () => {
      for (const one of [server, other, echo]) one.close();
      await backend.close();
    });

    const using = async (network: SandboxNetwork, body: (sandbox: Sandbox) => Promise<void>) => {
      const sandbox = await backend.create({ ...CONTRACT_SPEC, network });
      try {
        await body(sandbox);
      } finally {
        await sandbox.destroy();
      }
    };
    const bash = async (sandbox: Sandbox, script: string) =>
      (await exec(sandbox, ['bash', '-c', script], { stderr: 'merge', timeoutSeconds: 30 })).stdout.toString();
    const get = (port: number) =>
      `exec 3<>/dev/tcp/127.0.0.1/3128 && printf 'GET http://localhost:${port}/path?q HTTP/1.1\\r\\nHost: localhost:${port}\\r\\nConnection: close\\r\\n\\r\\n' >&3 && cat <&3`;

    test('reaches those and nothing else; programs find the proxy in their environment', () =>
      using({ allow: [`localhost:${portOf(server)}`] }, async (sandbox) => {
        expect(await bash(sandbox, get(portOf(server)))).toContain(`GET /path?q for localhost:${portOf(server)}`);
        expect(await bash(sandbox, get(portOf(other)))).toMatch(/403 Forbidden[\s\S]*not on the list/);
        expect(await bash(sandbox, `cat < /dev/tcp/127.0.0.1/${portOf(server)}`)).toMatch(/refused/);
        expect(await bash(sandbox, 'echo $http_proxy $HTTPS_PROXY $no_proxy')).toBe(
          'http://127.0.0.1:3128 http://127.0.0.1:3128 localhost,127.0.0.1,::1\n',
        );
      }));

    test('tunnels carry many bytes both ways at once, and end with either side', () =>
      using({ allow: [`localhost:${portOf(echo)}`] }, async (sandbox) => {
        const script = `one() { exec 3<>/dev/tcp/127.0.0.1/3128; printf 'CONNECT localhost:${portOf(echo)} HTTP/1.1\\r\\n\\r\\n' >&3; read -r status <&3; read -r blank <&3;
        head -c 3000000 /dev/zero >&3 & head -c 3000000 <&3 | wc -c; }; for i in 1 2 3 4; do (one) & done; wait`;
        expect(await bash(sandbox, script)).toBe('3000000\n'.repeat(4));
      }));

    test('who kills the relay cuts connections and no more; a fork has a way out of its own', () =>
      using({ allow: [`localhost:${portOf(server)}`] }, async (sandbox) => {
        await bash(sandbox, 'kill -9 -1');
        expect(await bash(sandbox, get(portOf(server)))).toContain('GET /path?q');
        const [fork] = await sandbox.fork();
        for (const one of [sandbox, fork])
          if (one) expect(await bash(one, get(portOf(server)))).toContain('GET /path?q');
        await fork?.destroy();
        const folders = readdirSync(join(home, 'store', 'sandboxes'));
        expect(folders.length).toBeGreaterThan(0);
      }));

    test('a list that cannot be read is an error; other tiers say that they cannot', async () => {
      await expect(backend.create({ ...CONTRACT_SPEC, network: { allow: ['not a host'] } })).rejects.toMatchObject({
        code: 'usage',
      });
      const plain = createNativeBackend({ paths: assayPaths(join(home, 'store')), tier: 'unshare' });
      await expect(plain.create({ ...CONTRACT_SPEC, network: { allow: ['pypi.org'] } })).rejects.toMatchObject({
        code: 'sandbox-unavailable',
      });
      await plain.close();
    });
  },
);
