import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSharedStore, storeReference } from './open-shared-store.ts';

test.each([
  'postgres://me:hunter2@127.0.0.1/x',
  'postgres://me@127.0.0.1/x?password=hunter2',
  'postgresql://me@127.0.0.1/x?sslkey=/root/hunter2',
  'file://host/x',
  'file:///x?y=hunter2',
  's3://b/%E0%A4%A',
  's3://b/pre fix',
  's3://',
  's3://b/x?key=hunter2',
  's3://b/../x%2f..',
  'ftp://x/y',
  'http://x/hunter2',
  'nothing://',
  '',
])('%s is refused as a place of a store, and its words are not repeated', async (reference) => {
  const error: unknown = await openSharedStore(reference).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'usage', hint: expect.stringContaining('s3://') });
  expect(String(error)).not.toContain('hunter2');
  expect(() => storeReference(reference)).toThrow();
});

test('a folder is made where a run is offered, and must be there where one is looked for', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'assay-open-'));
  const place = join(folder, 'store');
  await expect(openSharedStore(place, { create: false })).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining('there is no such folder'),
  });
  expect(await readdir(folder)).toEqual([]);
  const [made, same] = [await openSharedStore(`file://${place}`), await openSharedStore(place, { create: false })];
  await made.put('a/b', 'text', null);
  expect(await same.get('a/b')).toMatchObject({ text: 'text' });
  expect(storeReference(`${folder}/./store`)).toBe(place);
  await rm(folder, { recursive: true });
});
