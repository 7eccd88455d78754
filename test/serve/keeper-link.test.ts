/** What the listener asks of the keeper: to start nothing more, to start again, to end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { attachKeeper } from '../../src/serve/keeper/attach-keeper.ts';
import { isAlive } from './listener-process.ts';
import { GENEROUS } from './serve-bench.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'assay-keeper-'));
  vi.stubEnv('ASSAY_HOME', home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

const attach = (version: string, cluster?: string) =>
  attachKeeper({
    home,
    identity: { version, sandbox: 'host-test', ...(cluster === undefined ? {} : { cluster }) },
    main: './host-keeper-child',
    beside: import.meta.url,
    onNews: () => {},
  });

test('a keeper drains, is opened again by settings, is replaced by another version and for another cluster when it is empty, and ends', async () => {
  const settings = {
    capacity: 4,
    warm: 0,
    forgetSeconds: null,
    publicUrl: 'http://127.0.0.1',
    runtimeUrl: null,
    holdSeconds: 60,
    layerBytes: 2 ** 30,
    policy: { hostNetwork: false, registries: ['docker.io'], runtimeHosts: [], most: GENEROUS },
  };
  const first = await attach('1');
  await first.configure(settings);
  expect(await first.drain()).toMatchObject({ version: '1', live: 0, draining: true });
  expect((await first.configure(settings)).draining).toBe(false);
  await expect(first.configure({ ...settings, capacity: 0.5 })).rejects.toMatchObject({ code: 'usage' });
  first.leave();
  const again = await attach('1');
  expect(again.record.pid).toBe(first.record.pid);
  again.leave();
  const second = await attach('2');
  expect(second.record.pid).not.toBe(first.record.pid);
  second.leave();
  const third = await attach('2', '/etc/other-cluster.yaml');
  expect(third.record.pid).not.toBe(second.record.pid);
  expect(await third.state()).toMatchObject({ cluster: '/etc/other-cluster.yaml' });
  await third.end();
  await expect.poll(() => isAlive(third.record.pid), { timeout: 10_000 }).toBe(false);
  await expect(third.state()).rejects.toMatchObject({ code: 'internal' });
});
