/** What `assay serve` cannot do ends it at once, and leaves nothing behind. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { isAlive } from '../serve/listener-process.ts';
import { runBuiltProgram } from '../support/built-program.ts';
import { describeRequiring } from '../support/requirements.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-cli-serve-'));
chmodSync(home, 0o711);
const backend = createNativeBackend({ paths: assayPaths(home) });
const probe = await backend.probe();
await backend.close();
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 }));

const serve = (...args: string[]) => {
  const env = { PATH: process.env.PATH ?? '', HOME: home, ASSAY_HOME: home };
  return runBuiltProgram(['serve', ...args], { cwd: home, env });
};

describeRequiring('sandboxes', probe.available ? undefined : probe.notes.join(' '), 'assay serve', () => {
  test.each([
    ['a port that is taken', '127.0.0.1'],
    ['an address of another machine', '203.0.113.1'],
  ])('%s', async (_name, host) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await serve('--host', host, '--port', String(port));
    other.close();
    expect([code, stderr]).toEqual([2, expect.stringContaining(`cannot listen on ${host}, port ${port}`)]);
    expect(stderr).not.toMatch(/^\s+at /m);
    const { pid } = JSON.parse(readFileSync(join(home, 'serve', 'keeper.json'), 'utf8')) as { pid: number };
    await expect.poll(() => isAlive(pid), { timeout: 30_000 }).toBe(false);
  });
});

test('a keeper that cannot be had', async () => {
  const { code, stderr } = await serve('--sandbox', 'remote');
  expect(code).not.toBe(0);
  expect(stderr).toContain('ASSAY_SERVER');
});
