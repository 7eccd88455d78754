import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findCredentials } from './docker-credentials.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-credentials-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const env = () => ({ HOME: folder, DOCKER_CONFIG: folder, PATH: `${folder}:${process.env.PATH}` });
const configure = (config: object) => writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
const auth = (pair: string) => Buffer.from(pair).toString('base64');
const helper = (name: string, script: string) =>
  writeFileSync(join(folder, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

test('what docker login wrote, for Docker Hub under its old address', async () => {
  configure({
    auths: { 'ghcr.io': { auth: auth('me:a:b') }, 'https://index.docker.io/v1/': { auth: auth('hub:pw') } },
  });
  expect(await findCredentials('ghcr.io', env())).toEqual({ username: 'me', password: 'a:b' });
  expect(await findCredentials('docker.io', env())).toEqual({ username: 'hub', password: 'pw' });
  expect(await findCredentials('quay.io', env())).toBeUndefined();
});

test('credential helpers, for one registry or for all; tokens', async () => {
  helper('one', 'read server; printf \'{"Username":"of-%s","Secret":"s"}\' "$server"');
  helper('all', 'printf \'{"Username":"<token>","Secret":"refresh"}\'');
  configure({ credsStore: 'all', credHelpers: { 'ghcr.io': 'one' } });
  expect(await findCredentials('ghcr.io', env())).toEqual({ username: 'of-ghcr.io', password: 's' });
  expect(await findCredentials('quay.io', env())).toMatchObject({ identityToken: 'refresh' });
});

test('a helper that knows nothing is no error, one that fails is', async () => {
  helper('empty', 'echo "credentials not found in native keychain"; exit 1');
  configure({ credsStore: 'empty' });
  expect(await findCredentials('quay.io', env())).toBeUndefined();
  helper('broken', 'echo "the keychain is locked" >&2; exit 1');
  configure({ credsStore: 'broken' });
  await expect(findCredentials('quay.io', env())).rejects.toThrow('the keychain is locked');
});

test('no file is no credentials; a file that is no JSON is said', async () => {
  expect(await findCredentials('ghcr.io', env())).toBeUndefined();
  writeFileSync(join(folder, 'config.json'), '{');
  await expect(findCredentials('ghcr.io', env())).rejects.toMatchObject({ code: 'config-invalid' });
});
