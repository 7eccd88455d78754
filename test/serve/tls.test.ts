/** The listener with a certificate. The sandboxes have no isolation. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRemoteBackend } from '../../src/sandbox/remote/remote-backend.ts';
import { describeRequiring } from '../support/requirements.ts';
import { ListenerProcess } from './listener-process.ts';
import { SPEC } from './serve-bench.ts';

const problem =
  spawnSync('openssl', ['version']).status === 0 ? undefined : 'there is no openssl to make a certificate with';

describeRequiring('openssl', problem, 'TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-tls-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const server = new ListenerProcess({ tls: { cert, key } });
  let apiKey: string;
  beforeAll(async () => {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject],
      {
        stdio: 'ignore',
      },
    );
    apiKey = await server.makeKey();
    await server.start();
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('commands run over it when its authority is trusted', () => {
    expect(server.url).toMatch(/^https:/);
    const child = join(import.meta.dirname, 'tls-client-child.ts');
    const tsx = createRequire(import.meta.url).resolve('tsx');
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', tsx, child, server.url, apiKey], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: cert },
    });
    expect([stdout.toString(), stderr.toString()]).toEqual(['over TLS\n', '']);
  });

  test('a certificate that is not trusted is told at once, with what to do', async () => {
    const backend = createRemoteBackend({ url: server.url, apiKey, lostAfterMs: 3_600_000 });
    await expect(backend.create(SPEC)).rejects.toMatchObject({
      code: 'sandbox-unavailable',
      retryable: false,
      message: expect.stringMatching(/certificate that is not trusted/),
      hint: expect.stringMatching(/NODE_EXTRA_CA_CERTS/),
    });
    await backend.close();
  });
});
