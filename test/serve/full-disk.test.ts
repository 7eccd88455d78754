/** A disk below the Assay home that is full: what needs it fails and says so, everything else goes on. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { createRemoteBackend } from '../../src/sandbox/remote/remote-backend.ts';
import { describeRequiring } from '../support/requirements.ts';
import { isAlive, ListenerProcess } from './listener-process.ts';
import { SPEC } from './serve-bench.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-full-disk-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m,mode=711', 'tmpfs', home], { encoding: 'utf8' });
chmodSync(home, 0o711); // the user that sandboxes run as must get in
const native = createNativeBackend({ paths: assayPaths(home) });
const probe = await native.probe();
await native.close();
afterAll(() => {
  spawnSync('umount', ['-l', home]);
  rmSync(home, { recursive: true, force: true });
});

const filler = join(home, 'filler');
const fill = () => spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k']);
const records = () => readdirSync(join(home, 'sandboxes')).filter((name) => !name.startsWith('helper-'));
const noMount = mounted.status === 0 ? undefined : `no file system can be mounted: ${mounted.error ?? mounted.stderr}`;

describeRequiring('small-disk', noMount ?? (probe.available ? undefined : probe.notes.join(' ')), 'a full disk', () => {
  test('native sandboxes: none is made without its record, and those that live end', async () => {
    const backend = createNativeBackend({ paths: assayPaths(home) });
    const before = await backend.create(SPEC);
    fill();
    await expect(backend.create(SPEC)).rejects.toMatchObject({ code: 'disk-full' });
    expect((await exec(before, ['echo', 'on'])).stdout.toString()).toBe('on\n');
    await before.destroy();
    expect(await before.closed).toEqual({ reason: 'destroyed', message: 'destroyed' });
    expect(records()).toEqual([]);
    rmSync(filler);
    await (await backend.create(SPEC)).destroy();
    await backend.close();
  });

  test('a server refuses starts, and keeps what lives', async () => {
    const server = new ListenerProcess({ sandbox: 'native' }, home);
    const apiKey = await server.makeKey();
    await server.start();
    const { pid } = server.keeper;
    const backend = createRemoteBackend({ url: server.url, apiKey });
    const [first, second] = [await backend.create(SPEC), await backend.create(SPEC)];
    fill();
    await expect(backend.create(SPEC)).rejects.toMatchObject({ code: 'disk-full', details: { status: 507 } });
    await first.destroy();
    expect((await exec(second, ['echo', 'on'])).stdout.toString()).toBe('on\n');
    rmSync(filler);
    expect((await exec(await backend.create(SPEC), ['echo', 'again'])).stdout.toString()).toBe('again\n');
    await backend.close();
    expect([isAlive(pid), records()]).toEqual([true, []]);
    await server.kill();
    process.kill(pid);
    await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
  });
});
