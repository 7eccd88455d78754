/** Layers of tenants, over sandboxes without isolation: runs on every machine. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LayerRef, SandboxBackend, SandboxSpec, SandboxUsage } from '../../src/contracts/index.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { createRemoteBackend, type RemoteBackend } from '../../src/sandbox/remote/remote-backend.ts';
import { HostSandbox } from '../support/host-sandbox.ts';
import { hostBackend, openServeBench, type ServeBench, SPEC } from './serve-bench.ts';

const MEGABYTE = 1024 ** 2;
const START_MS = 500;

/** Knows the layers it has; starts take a while, and need their layers to their end. */
function layeredBackend(): SandboxBackend {
  const layers = new Set<string>();
  return {
    ...hostBackend(),
    async create(spec) {
      await sleep(START_MS);
      if (!spec.layers.every(({ digest }) => layers.has(digest))) throw new Error('a layer went under a start');
      return new LayeredSandbox(spec, (digest) => layers.add(digest));
    },
    hasLayer: async ({ digest }) => layers.has(digest),
    async removeLayer({ digest }) {
      layers.delete(digest);
      return true;
    },
  };
}

class LayeredSandbox extends HostSandbox {
  override readonly spec: SandboxSpec;
  private readonly keep: (digest: string) => void;

  constructor(spec: SandboxSpec, keep: (digest: string) => void) {
    super();
    this.spec = { ...spec, workdir: this.root };
    this.keep = keep;
  }

  override async usage(): Promise<SandboxUsage> {
    return { ...(await super.usage()), writtenBytes: 2 * MEGABYTE };
  }

  override async snapshot(): Promise<LayerRef> {
    const digest = `sha256:${createHash('sha256').update(this.id).digest('hex')}`;
    this.keep(digest);
    await this.destroy();
    return { digest };
  }
}

let bench: ServeBench;
let remote: RemoteBackend;
beforeEach(async () => {
  bench = await openServeBench(layeredBackend(), { layerBytes: 5 * MEGABYTE });
  remote = createRemoteBackend({ url: bench.server.url, apiKey: await bench.makeKey('one') });
});
afterEach(async () => {
  await remote.close();
  await bench.close();
  expect(bench.errors).toEqual([]);
});

const makeLayer = async () => (await remote.create(SPEC)).snapshot();

test('a key lists its layers, has no more than it may, and makes room', async () => {
  const first = await makeLayer();
  const second = await makeLayer();
  const third = await remote.create(SPEC);
  await expect(third.snapshot()).rejects.toMatchObject({ code: 'disk-full', details: { status: 507 } });
  expect((await exec(third, ['echo', 'lives'])).stdout.toString()).toBe('lives\n');
  const layers = [first, second].map(({ digest }) => ({ digest, bytes: 2 * MEGABYTE }));
  expect(await remote.layers()).toEqual({ layers, mostBytes: 5 * MEGABYTE });
  expect(await remote.removeLayer(first)).toBe(true);
  expect([await remote.hasLayer(first), await remote.removeLayer(first)]).toEqual([false, true]);
  await third.snapshot();
  const other = createRemoteBackend({ url: bench.server.url, apiKey: await bench.makeKey('two') });
  expect(await other.removeLayer(second)).toBe(true); // as if there were none
  expect([await remote.hasLayer(second), (await other.layers()).layers]).toEqual([true, []]);
});

test('a layer does not go while a start takes it, nor under a sandbox', async () => {
  const layer = await makeLayer();
  const start = remote.create({ ...SPEC, layers: [layer] });
  await sleep(START_MS / 2);
  expect(await remote.removeLayer(layer)).toBe(false);
  const sandbox = await start;
  expect(await remote.removeLayer(layer)).toBe(false);
  await sandbox.destroy();
  expect(await remote.removeLayer(layer)).toBe(true);
  await expect(remote.create({ ...SPEC, layers: [layer] })).rejects.toMatchObject({ details: { status: 404 } });
});

test('what runs while a sandbox becomes a layer ends with the sandbox', async () => {
  const sandbox = await remote.create(SPEC);
  const child = await sandbox.spawn(['sleep', '60']);
  await sandbox.snapshot();
  expect((await child.exit).sandboxDied).toBe(true);
});
