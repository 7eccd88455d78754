import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeFolder } from './make-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'assay-make-folder-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('makes what is missing and says where that began', async () => {
  expect(await makeFolder(join(root, 'a/b/c'))).toBe(join(root, 'a'));
  expect(await makeFolder(join(root, 'a/b/d'))).toBe(join(root, 'a/b/d'));
  expect(await makeFolder(join(root, 'a/b/c'))).toBeUndefined();
  await Promise.all([1, 2, 3, 4].map(() => makeFolder(join(root, 'x/y/z'))));
  expect(statSync(join(root, 'x/y/z')).isDirectory()).toBe(true);
});

test('a name that cannot be made is an error, not an endless search', async () => {
  await expect(makeFolder('/proc/assay/runs')).rejects.toMatchObject({ syscall: 'mkdir' });
  writeFileSync(join(root, 'file'), '');
  await expect(makeFolder(join(root, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(join(root, 'file/below'))).rejects.toMatchObject({ syscall: 'mkdir' });
});
