/** Downloads against a registry of ours on loopback that misbehaves on demand. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ArchiveStore, matchesIntegrity, type PackageRef } from './archive-store.ts';
import { registryConfig } from './registry-config.ts';

const signal = new AbortController().signal;
const BODY = Buffer.from('the bytes of an archive');
const SHA512 = `sha512-${createHash('sha512').update(BODY).digest('base64')}`;
const SHA256 = createHash('sha256').update(BODY).digest('hex');

let folder: string;
let server: Server;
let base: string;
let requests: string[];
let routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-downloads-'));
  requests = [];
  routes = {};
  server = createServer((request, response) => {
    requests.push(request.url ?? '');
    const route = routes[request.url ?? ''];
    if (route === undefined) response.writeHead(404).end();
    else route(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await new Promise((resolve) => server.close(resolve));
});

const json =
  (value: unknown, type = 'application/json') =>
  (_: IncomingMessage, response: ServerResponse) =>
    response.writeHead(200, { 'content-type': type }).end(JSON.stringify(value));
const bytes = (_: IncomingMessage, response: ServerResponse) => response.end(BODY);
const store = (env: NodeJS.ProcessEnv = { npm_config_registry: base, PIP_INDEX_URL: `${base}simple` }) =>
  new ArchiveStore({ folder, registries: () => registryConfig(env, folder), http: { waitMs: 1, tries: 4 } });
const get = (reference: PackageRef) => store().get(reference, signal);

test('npm: integrity of the registry and of the task, offline afterwards', async () => {
  routes['/@x%2fy/1.2.3'] = json({ dist: { tarball: `${base}y.tgz`, integrity: SHA512 } });
  routes['/y.tgz'] = bytes;
  const reference = { npm: '@x/y@1.2.3', integrity: SHA512 };
  expect(await get(reference)).toEqual({ data: BODY, fileName: 'y.tgz', sha256: SHA256 });
  routes = {};
  expect((await get(reference)).data).toEqual(BODY);
  expect((await get({ npm: '@x/y@1.2.3' })).data).toEqual(BODY);
  expect(requests).toHaveLength(2);
});

test('npm: the public address in a document of a mirror means the mirror', async () => {
  routes['/y/1.0.0'] = json({ dist: { tarball: 'https://registry.npmjs.org/y/-/y-1.0.0.tgz' } });
  routes['/y/-/y-1.0.0.tgz'] = bytes;
  expect((await get({ npm: 'y@1.0.0' })).fileName).toBe('y-1.0.0.tgz');
});

test('other content than named is refused and not kept', async () => {
  routes['/y/1.0.0'] = json({ dist: { tarball: `${base}y.tgz` } });
  routes['/y.tgz'] = bytes;
  const wrong = `sha512-${createHash('sha512').update('x').digest('base64')}`;
  await expect(get({ npm: 'y@1.0.0', integrity: wrong })).rejects.toMatchObject({
    code: 'environment-build-failed',
    message: expect.stringContaining('is not the archive task.yaml names'),
  });
  routes['/y/1.0.0'] = json({ dist: { tarball: `${base}y.tgz`, integrity: wrong } });
  await expect(get({ npm: 'y@1.0.0' })).rejects.toThrow(/the registry names/);
  expect(readdirSync(folder)).toEqual([]);
});

test('content that was damaged on disk is fetched anew', async () => {
  routes['/y/1.0.0'] = json({ dist: { tarball: `${base}y.tgz` } });
  routes['/y.tgz'] = bytes;
  await get({ npm: 'y@1.0.0' });
  writeFileSync(join(folder, SHA256), 'damaged');
  expect((await get({ npm: 'y@1.0.0' })).data).toEqual(BODY);
  for (const name of readdirSync(join(folder, 'index'))) writeFileSync(join(folder, 'index', name), '{"torn');
  expect((await get({ npm: 'y@1.0.0' })).data).toEqual(BODY);
  expect(requests.filter((url) => url === '/y.tgz')).toHaveLength(3);
});

const files = () => [
  { filename: 'my_pkg-1.0-py3-none-any.whl', url: 'files/w.whl', hashes: {} },
  { filename: 'my_pkg-1.0.1.tar.gz', url: 'files/other.tar.gz', hashes: {} },
  { filename: 'my_pkg-1.0.zip', url: 'files/x.zip', hashes: {} },
  { filename: 'My.Pkg-1.0.tar.gz', url: '../files/my.tar.gz', hashes: { sha256: SHA256 } },
];

test('PyPI by JSON: the sdist of exactly this version', async () => {
  routes['/simple/my-pkg/'] = json({ files: files() }, 'application/vnd.pypi.simple.v1+json');
  routes['/simple/files/my.tar.gz'] = bytes;
  expect(await get({ pypi: 'My_pkg==1.0', sha256: SHA256 })).toMatchObject({
    fileName: 'My.Pkg-1.0.tar.gz',
    sha256: SHA256,
  });
  await expect(get({ pypi: 'my-pkg==2.0' })).rejects.toThrow(/no sdist of this version/);
});

test('PyPI by HTML', async () => {
  const anchors = files().map(
    ({ filename, url, hashes }) =>
      `<a data-x="1" href="${url}${hashes.sha256 ? `#sha256=${SHA256}` : ''}">${filename}</a>`,
  );
  routes['/simple/my-pkg/'] = (_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end(anchors.join('<br>\n'));
  routes['/simple/files/my.tar.gz'] = bytes;
  expect((await get({ pypi: 'my.pkg==1.0' })).data).toEqual(BODY);
});

test('429, 503 and cut replies are tried again, 404 is not', async () => {
  let turn = 0;
  routes['/y/1.0.0'] = json({ dist: { tarball: `${base}y.tgz` } });
  routes['/y.tgz'] = (_, response) => {
    turn++;
    if (turn === 1) response.writeHead(429, { 'retry-after': '0' }).end();
    else if (turn === 2) response.writeHead(503).end();
    else if (turn === 3) {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('part', () => response.destroy());
    } else response.end(BODY);
  };
  expect((await get({ npm: 'y@1.0.0' })).data).toEqual(BODY);
  expect(turn).toBe(4);
  await expect(get({ npm: 'z@1.0.0' })).rejects.toMatchObject({
    message: expect.stringContaining('HTTP 404'),
    retryable: false,
  });
  expect(requests.filter((url) => url === '/z/1.0.0')).toHaveLength(1);
  routes['/q/1.0.0'] = (_, response) => response.writeHead(500).end();
  await expect(get({ npm: 'q@1.0.0' })).rejects.toMatchObject({ retryable: true, failureClass: 'infra' });
  expect(requests.filter((url) => url === '/q/1.0.0')).toHaveLength(4);
});

test('credentials go to the registry only and stand in no message', async () => {
  const seen: (string | undefined)[] = [];
  const other = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.end(BODY);
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(other.address() as AddressInfo).port}/y.tgz`;
  routes['/y/1.0.0'] = (request, response) => {
    seen.push(request.headers.authorization);
    json({ dist: { tarball: address } })(request, response);
  };
  const withSecret = store({ npm_config_registry: base.replace('http://', 'http://ann:s3cret@') });
  await withSecret.get({ npm: 'y@1.0.0' }, signal);
  expect(seen).toEqual([`Basic ${Buffer.from('ann:s3cret').toString('base64')}`, undefined]);
  await new Promise((resolve) => other.close(resolve));
  await expect(withSecret.get({ npm: 'gone@1.0.0' }, signal)).rejects.toThrow(/^http:\/\/127[^@]*$/);
});

test('settings come from files when the environment has none', async () => {
  writeFileSync(join(folder, '.npmrc'), 'save-exact=true\nregistry = https://npm.example.com/x\n');
  const config = await registryConfig({ PIP_CONFIG_FILE: join(folder, 'pip.conf') }, folder);
  expect(config.npm).toEqual({ url: 'https://npm.example.com/x/' });
  writeFileSync(join(folder, 'pip.conf'), '[global]\nindex-url = https://a:b@py.example.com/simple/\n');
  expect((await registryConfig({ PIP_CONFIG_FILE: join(folder, 'pip.conf') }, folder)).pypi).toEqual({
    url: 'https://py.example.com/simple/',
    authorization: 'Basic YTpi',
  });
});

test('integrity text', () => {
  expect(matchesIntegrity(BODY, `sha512-AAAA ${SHA512}`)).toBe(true);
  expect(matchesIntegrity(BODY, `sha1-AAAA ${SHA512}`)).toBe(true);
  expect(matchesIntegrity(BODY, `sha512-AAAA sha256-${createHash('sha256').update(BODY).digest('base64')}`)).toBe(
    false,
  );
  expect(matchesIntegrity(BODY, 'md5-AAAA')).toBe(false);
});
