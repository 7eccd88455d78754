import { randomBytes } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sha256 } from '../../src/base/digest.ts';
import { runHostProcess } from '../../src/base/host-process.ts';
import { type AssayPaths, assayPaths } from '../../src/base/paths.ts';
import { removeTree } from '../../src/base/remove-tree.ts';
import type { LocalImage } from '../../src/contracts/index.ts';
import { createImageStore, type ImageStoreOptions } from '../../src/environment/oci/image-store.ts';
import { unpackingProblem } from '../../src/environment/oci/unpacking-problem.ts';
import { type FakeRegistry, type Misbehaviour, startFakeRegistry } from '../support/fake-registry.ts';
import { layerTar, writeLayout } from '../support/image-builder.ts';
import { describeRequiring } from '../support/requirements.ts';

const base = layerTar([
  { name: 'etc/', mode: 0o755 },
  { name: 'etc/motd', content: 'hello\n', mode: 0o640, uid: 7 },
  { name: 'etc/gone', content: 'x' },
  { name: 'opt/old/', mode: 0o700 },
  { name: 'opt/old/file', content: 'x' },
  { name: 'bin', type: 'symlink', linkName: 'usr/bin' },
  { name: 'usr/bin/tool', content: randomBytes(200_000), mode: 0o4755 },
  { name: 'usr/bin/same', type: 'link', linkName: 'bin/tool' },
  { name: 'caf\xc3\xa9 \xff', content: 'odd name' },
]);
const top = layerTar([
  { name: 'etc/.wh.gone' },
  { name: 'opt/old/', mode: 0o700 },
  { name: 'opt/old/.wh..wh..opq' },
  { name: 'opt/old/new', content: 'y' },
]);
const config = {
  Env: ['PATH=/usr/bin', 'EMPTY=', 'EQUALS=a=b'],
  WorkingDir: '/srv',
  User: '7:8',
  Entrypoint: ['/bin/tool'],
  Cmd: ['-x'],
};

describeRequiring('unpacking', await unpackingProblem(), 'pulling images', () => {
  let folder: string;
  let paths: AssayPaths;
  let layout: string;
  let registry: FakeRegistry | undefined;
  const signal = new AbortController().signal;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'assay-pull-'));
    paths = assayPaths(join(folder, 'home'));
    layout = join(folder, 'layout');
    await writeLayout(layout, 'v1', [{ layers: [base, top], config }]);
  });
  afterEach(async () => {
    await registry?.close();
    registry = undefined;
    await removeTree(folder);
  });

  const store = (options: Partial<ImageStoreOptions> = {}) =>
    createImageStore({ paths, ...options, registry: { waitMs: 1, ...options.registry } });
  const serve = async (misbehaviour?: Misbehaviour) => {
    registry = await startFakeRegistry(layout, misbehaviour);
    return `${registry.host}/team/app:v1`;
  };
  const layerPath = (image: LocalImage, index: number, ...rest: string[]) =>
    join(paths.layers, image.layers[index]?.digest.slice(7) ?? '', ...rest);
  const blobRequests = () => registry?.requests.filter((line) => line.includes('/blobs/')) ?? [];

  test('a layout: configuration, files, modes, links, owners and whiteouts in overlay form', async () => {
    const image = await store().pull(`oci:${layout}:v1`, signal);
    expect(image).toMatchObject({
      layers: [{ digest: sha256(base) }, { digest: sha256(top) }],
      env: { PATH: '/usr/bin', EMPTY: '', EQUALS: 'a=b' },
      workdir: '/srv',
      user: '7:8',
      entrypoint: ['/bin/tool'],
      command: ['-x'],
    });
    const motd = lstatSync(layerPath(image, 0, 'etc/motd'));
    const owner = process.getuid?.() === 0 ? 100_007 : process.getuid?.();
    expect([motd.mode & 0o7777, motd.uid]).toEqual([0o640, owner]);
    expect(readlinkSync(layerPath(image, 0, 'bin'))).toBe('usr/bin');
    const tool = lstatSync(layerPath(image, 0, 'usr/bin/tool'));
    expect([tool.mode & 0o7777, tool.size, tool.mtimeMs]).toEqual([0o4755, 200_000, 1_700_000_000_000]);
    expect(lstatSync(layerPath(image, 0, 'usr/bin/same')).ino).toBe(tool.ino);
    expect(readdirSync(layerPath(image, 0), { encoding: 'latin1' })).toContain('caf\xc3\xa9 \xff');
    const gone = lstatSync(layerPath(image, 1, 'etc/gone'));
    expect([gone.isCharacterDevice(), gone.rdev]).toEqual([true, 0]);
    expect(readdirSync(layerPath(image, 1, 'opt/old'))).toEqual(['new']);
    const opaque = await runHostProcess([
      'tar',
      '-c',
      '--xattrs',
      '--xattrs-include=user.*',
      '-C',
      layerPath(image, 1),
      'opt/old',
    ]);
    expect(opaque.stdout.toString('latin1')).toContain('SCHILY.xattr.user.overlay.opaque=y');
    expect(readdirSync(paths.layers)).toHaveLength(2);
  });

  test('a second pull fetches no layer again, equal pulls at once are one, and find asks nobody', async () => {
    const reference = await serve();
    const images = store();
    const [left, right] = await Promise.all([images.pull(reference, signal), images.pull(reference, signal)]);
    expect(left).toEqual(right);
    expect(blobRequests()).toHaveLength(3); // the configuration and two layers
    await store().pull(reference, signal);
    expect(blobRequests()).toHaveLength(4); // the configuration
    await registry?.close();
    expect(await store().find(reference)).toEqual(left);
    expect(await store().find(left.digest)).toEqual(left);
    expect(await store().find('no/such:image')).toBeUndefined();
    expect(readdirSync(join(paths.downloads, 'images'))).toEqual([]);
  });

  test('gives the name under which the very same image can be had again', async () => {
    const image = await store().pull(await serve(), signal);
    expect(image.pin).toMatch(/@sha256:[0-9a-f]{64}$/);
    expect(image.pin).not.toContain(image.digest);
    expect(await store().pull(image.pin ?? '', signal)).toEqual(image);
  });

  test('two stores that pull at once unpack each layer once', async () => {
    const reference = await serve();
    await Promise.all([store().pull(reference, signal), store().pull(reference, signal)]);
    expect(blobRequests()).toHaveLength(4); // two configurations and two layers
    expect(readdirSync(paths.layers)).toHaveLength(2);
  });

  test('logs in with the credentials of the registry, and says how when there are none', async () => {
    const reference = await serve({ login: { username: 'me', password: 'pässword:1' } });
    await expect(
      store({ registry: { findCredentials: async () => undefined } }).pull(reference, signal),
    ).rejects.toMatchObject({
      code: 'image-pull-failed',
      retryable: false,
      hint: expect.stringContaining('docker login'),
    });
    const wrong = async () => ({ username: 'me', password: 'old' });
    await expect(store({ registry: { findCredentials: wrong } }).pull(reference, signal)).rejects.toMatchObject({
      message: expect.stringMatching(/HTTP 401 to the user name and password that are kept for it$/),
      hint: expect.stringContaining(`docker login ${registry?.host}`),
    });
    const image = await store({
      registry: {
        findCredentials: async (name) =>
          name === registry?.host ? { username: 'me', password: 'pässword:1' } : undefined,
      },
    }).pull(reference, signal);
    expect(image.layers).toHaveLength(2);
  });

  test('goes on where a broken connection left it', async () => {
    const reference = await serve({ cutBlobs: { times: 3, afterBytes: 50_000 } });
    await store().pull(reference, signal);
    expect(registry?.requests.some((line) => line.endsWith('bytes=50000-'))).toBe(true);
    expect(registry?.requests.some((line) => line.endsWith('bytes=150000-'))).toBe(true);
  });

  test('starts anew where the registry knows no ranges', async () => {
    const reference = await serve({ cutBlobs: { times: 2, afterBytes: 50_000 }, ignoreRange: true });
    const image = await store().pull(reference, signal);
    expect(image.layers).toHaveLength(2);
  });

  test('goes on with what an earlier pull left when it was given up', async () => {
    const reference = await serve({ cutBlobs: { times: 5, afterBytes: 30_000 } });
    await expect(store({ registry: { tries: 1 } }).pull(reference, signal)).rejects.toMatchObject({
      code: 'image-pull-failed',
      retryable: true,
    });
    expect(readdirSync(join(paths.downloads, 'images')).some((name) => name.endsWith('.part'))).toBe(true);
    await store().pull(reference, signal);
    expect(registry?.requests.some((line) => line.endsWith('bytes=30000-'))).toBe(true);
  });

  test('waits as long as the registry says when it limits the rate, and says so', async () => {
    const reference = await serve({ rateLimit: { times: 2, retryAfter: '0' } });
    const lines: string[] = [];
    await store().pull(reference, signal, (line) => lines.push(line));
    expect(lines.filter((line) => line.includes('limits the rate of pulls'))).toHaveLength(2);
  });

  test('a wait ends when the pull is cancelled', async () => {
    const reference = await serve({ rateLimit: { times: 99, retryAfter: '500' } });
    const controller = new AbortController();
    const pull = store().pull(reference, controller.signal, () => controller.abort());
    await expect(pull).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('a mirror is asked first; when it fails the registry itself is', async () => {
    const broken = await startFakeRegistry(layout, { status: 502 });
    const reference = await serve();
    process.env.ASSAY_REGISTRY_MIRRORS = `${registry?.host}=http://${broken.host}`;
    try {
      await store({ registry: { tries: 2 } }).pull(reference, signal);
      expect(broken.requests.length).toBeGreaterThan(0);
    } finally {
      delete process.env.ASSAY_REGISTRY_MIRRORS;
      await broken.close();
    }
  });

  test('content that is not what its digest says is refused and not kept', async () => {
    const reference = await serve({ tamper: true });
    await expect(store().pull(reference, signal)).rejects.toMatchObject({ code: 'image-refused' });
    expect(readdirSync(paths.layers).filter((name) => name === sha256(base).slice(7))).toEqual([]);
  });

  test('what does not exist is told apart from what cannot be reached', async () => {
    const reference = await serve();
    await expect(store().pull(reference.replace('v1', 'v2'), signal)).rejects.toMatchObject({
      code: 'image-not-found',
    });
    await registry?.close();
    await expect(store({ registry: { tries: 2 } }).pull(reference, signal)).rejects.toMatchObject({
      code: 'image-pull-failed',
      retryable: true,
    });
  });

  test('of several platforms the wanted one is taken', async () => {
    const images = ['amd64', 'arm64'].map((architecture) => ({
      layers: [layerTar([{ name: architecture }])],
      architecture,
    }));
    await writeLayout(layout, 'multi', images);
    const names = async (platform: string) => {
      const image = await store({ platform }).pull(`oci:${layout}:multi`, signal);
      return [image.platform, ...readdirSync(layerPath(image, 0))];
    };
    expect(await names('linux/arm64')).toEqual(['linux/arm64', 'arm64']);
    expect(await names('linux/amd64')).toEqual(['linux/amd64', 'amd64']);
    await expect(names('linux/riscv64')).rejects.toThrow('only for linux/amd64, linux/arm64');
    await writeLayout(layout, 'single', [{ layers: [layerTar([{ name: 'a' }])], architecture: 'amd64' }]);
    await expect(store({ platform: 'linux/arm64' }).pull(`oci:${layout}:single`, signal)).rejects.toThrow(
      'only for linux/amd64',
    );
    expect(() => store({ platform: 'foo' })).toThrow('no platform');
  });

  test('an archive as docker save writes it', async () => {
    const bytes = Buffer.from(
      JSON.stringify({
        os: 'linux',
        architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
        rootfs: { diff_ids: [sha256(base), sha256(base)] },
      }),
    );
    const manifest = [{ Config: 'c.json', RepoTags: ['app:1'], Layers: ['1/layer.tar', '2/layer.tar'] }];
    const archive = layerTar([
      { name: 'c.json', content: bytes },
      { name: '1/layer.tar', content: base },
      { name: '2/layer.tar', type: 'symlink', linkName: '../1/layer.tar' },
      { name: 'manifest.json', content: JSON.stringify(manifest) },
    ]);
    const path = join(folder, 'saved:image.tar');
    writeFileSync(path, archive);
    const image = await store().pull(`docker-archive:${path}:app:1`, signal);
    expect(image.digest).toBe(sha256(bytes));
    expect(readFileSync(layerPath(image, 1, 'etc/motd'), 'utf8')).toBe('hello\n');
    await expect(store().pull(`docker-archive:${path}:other:1`, signal)).rejects.toMatchObject({
      code: 'image-not-found',
    });
  });

  test('zstd layers', async () => {
    const compress = await zstd();
    if (compress === undefined) return;
    await writeLayout(layout, 'zstd', [{ layers: [base], compress }]);
    const image = await store().pull(`oci:${layout}:zstd`, signal);
    expect(readFileSync(layerPath(image, 0, 'etc/motd'), 'utf8')).toBe('hello\n');
  });

  test('a bomb is refused while it unpacks, and nothing is left', async () => {
    const bomb = layerTar([{ name: 'zeros', content: Buffer.alloc(80 * 1024 ** 2) }]);
    await writeLayout(layout, 'bomb', [{ layers: [bomb] }]);
    await expect(store().pull(`oci:${layout}:bomb`, signal)).rejects.toThrow(/it is a bomb/);
    expect(readdirSync(paths.layers)).toEqual([]);
  });

  test('content is never read as heads: what a whiteout, a mark or a folder carries is dropped', async () => {
    const inner = layerTar([{ name: 'smuggled', content: 'x' }]).subarray(0, 1024);
    const members = [
      { name: 'a', content: 'x'.repeat(inner.length) },
      { name: '.wh.a', content: inner },
      { name: 'd/' },
      { name: 'd/.wh..wh..opq', content: inner },
      { name: 'e/', type: 'file' as const, content: inner },
      { name: 'last', content: 'end' },
    ];
    await writeLayout(layout, 'smuggler', [{ layers: [layerTar(members)] }]);
    const image = await store().pull(`oci:${layout}:smuggler`, signal);
    expect(readdirSync(layerPath(image, 0)).sort()).toEqual(['a', 'd', 'e', 'last']);
    expect(readFileSync(layerPath(image, 0, 'last'), 'utf8')).toBe('end');
  });

  test('a layer with an attack in the middle leaves nothing', async () => {
    const bad = layerTar([{ name: 'fine' }, { name: '../escaped', content: 'x' }]);
    await writeLayout(layout, 'bad', [{ layers: [bad] }]);
    await expect(store().pull(`oci:${layout}:bad`, signal)).rejects.toMatchObject({
      code: 'image-refused',
      message: expect.stringContaining('"../escaped" leads out of the image'),
    });
    expect(readdirSync(paths.layers)).toEqual([]);
    expect(readdirSync(folder)).not.toContain('escaped');
  });
});

/** By the program, for Node 20 cannot; undefined when it is missing. */
async function zstd(): Promise<((tar: Buffer) => Buffer) | undefined> {
  const compressed = await runHostProcess(['zstd', '-c'], { input: base }).catch(() => null);
  if (compressed !== null) return () => compressed.stdout;
  console.error('skipped: zstd layers: the zstd program is missing');
  return undefined;
}
