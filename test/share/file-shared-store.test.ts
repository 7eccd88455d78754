import { mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openFileSharedStore } from '../../src/share/file-shared-store.ts';
import { sharedStoreCases } from '../contracts/shared-store-contract.ts';

describe('shared store: files', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'assay-shared-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  sharedStoreCases(() => openFileSharedStore(folder));

  test('replaced files go after a while, the newest one stays', async () => {
    const store = await openFileSharedStore(folder);
    let version: string | null = null;
    for (const text of ['a', 'b', 'c']) version = await store.put('old/key', text, version);
    expect(await readdir(join(folder, 'old'))).toEqual(['key@1', 'key@2', 'key@3']);
    const long = new Date(Date.now() - 3_600_000);
    await utimes(join(folder, 'old', 'key@1'), long, long);
    version = await store.put('old/key', 'd', version);
    expect((await readdir(join(folder, 'old'))).sort()).toEqual(['key@2', 'key@3', 'key@4']);
    expect(await store.get('old/key')).toEqual({ text: 'd', version: '4' });
  });

  test('a place that cannot be used is refused with its name', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(openFileSharedStore(join(folder, 'file', 'below'))).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining(join(folder, 'file', 'below')),
    });
    const store = await openFileSharedStore(folder);
    await expect(store.get('../outside')).rejects.toMatchObject({ code: 'internal' });
  });

  test('the empty folder below a mount that is gone is not taken for the store', async () => {
    const place = join(folder, 'mount');
    const store = await openFileSharedStore(place);
    await store.put('a/b', 'text', null);
    await rename(place, `${place}.gone`);
    await expect(store.get('a/b')).rejects.toMatchObject({ code: 'store-unreachable', retryable: true });
    await openFileSharedStore(place);
    await expect(store.versions('a')).rejects.toMatchObject({ code: 'store-unreachable' });
    await rm(place, { recursive: true });
    await rename(`${place}.gone`, place);
    expect(await store.get('a/b')).toMatchObject({ text: 'text' });
  });
});
