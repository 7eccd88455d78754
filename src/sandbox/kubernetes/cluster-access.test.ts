/** Kubeconfigs as users have them, with programs and files that give credentials. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { withEnvironment } from '../../../test/support/with-environment.ts';
import { openClusterAccess } from './cluster-access.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-access-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** JSON is YAML. */
function kubeconfig(name: string, user: object): string {
  const path = join(home, name);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'one',
    clusters: [{ name: 'c', cluster: { server: 'https://c.example:6443' } }],
    contexts: ['one', 'two'].map((context) => ({
      name: context,
      context: { cluster: 'c', user: 'u', namespace: context },
    })),
    users: [{ name: 'u', user }],
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

/** A program that counts its calls and gives a token with each. */
function tokenProgram(name: string, expiresInMs: number) {
  const calls = join(home, `${name}.calls`);
  const script = `
const { appendFileSync, readFileSync } = require('node:fs');
appendFileSync(${JSON.stringify(calls)}, 'x');
const token = 'token-' + readFileSync(${JSON.stringify(calls)}, 'utf8').length;
const expirationTimestamp = new Date(Date.now() + ${expiresInMs}).toISOString();
console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token, expirationTimestamp } }));`;
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: ['-e', script] };
  return { user: { exec }, calls: () => readFileSync(calls, 'utf8').length };
}

const tokenOf = (options: { headers?: unknown }) => (options.headers as Record<string, string>).Authorization;

test('many requests at once ask the program for credentials once', async () => {
  const { user, calls } = tokenProgram('many', 3_600_000);
  const access = await openClusterAccess({ kubeconfig: kubeconfig('many.conf', user) });
  const all = await Promise.all(Array.from({ length: 20 }, () => access.options()));
  expect(new Set(all.map(tokenOf))).toEqual(new Set(['Bearer token-1']));
  expect(calls()).toBe(1);
});

test('credentials that the server refused are asked for anew, though their program said that they still hold', async () => {
  const { user } = tokenProgram('refused', 3_600_000);
  const access = await openClusterAccess({ kubeconfig: kubeconfig('refused.conf', user) });
  expect(tokenOf(await access.options())).toBe('Bearer token-1');
  access.forget();
  expect(tokenOf(await access.options())).toBe('Bearer token-2');
});

test('a token that somebody renewed in the kubeconfig itself is found', async () => {
  const path = kubeconfig('renewed.conf', { token: 'old' });
  const access = await openClusterAccess({ kubeconfig: path });
  expect(tokenOf(await access.options())).toBe('Bearer old');
  kubeconfig('renewed.conf', { token: 'new' });
  access.forget();
  expect(tokenOf(await access.options())).toBe('Bearer new');
});

test('a program that fails is named as what it is, and asked again', async () => {
  const args = ['-e', 'console.error("your session has ended: log in"); process.exit(1)'];
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args };
  const access = await openClusterAccess({ kubeconfig: kubeconfig('failing.conf', { exec }) });
  const problem = {
    code: 'sandbox-unavailable',
    retryable: false,
    message: expect.stringContaining('your session has ended: log in'),
  };
  await expect(access.options()).rejects.toMatchObject(problem);
  await expect(access.options()).rejects.toMatchObject(problem);
});

test('the context chooses the namespace; one that is not there is told with those that are', async () => {
  const path = kubeconfig('contexts.conf', { token: 't' });
  expect((await openClusterAccess({ kubeconfig: path, context: 'two' })).namespace).toBe('two');
  await expect(openClusterAccess({ kubeconfig: path, context: 'three' })).rejects.toMatchObject({
    code: 'sandbox-unavailable',
    message: expect.stringContaining('no context three; there is: one, two'),
  });
});

test('where nothing is configured nobody is asked', async () => {
  const restore = withEnvironment({ KUBECONFIG: '', HOME: home });
  try {
    await expect(openClusterAccess({})).rejects.toMatchObject({
      code: 'sandbox-unavailable',
      message: expect.stringContaining('neither KUBECONFIG nor ~/.kube/config'),
    });
  } finally {
    restore();
  }
});
