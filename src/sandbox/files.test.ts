import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HostSandbox } from '../../test/support/host-sandbox.ts';
import { sandboxFiles } from './files.ts';

let sandbox: HostSandbox;
beforeEach(() => {
  sandbox = new HostSandbox();
});
afterEach(() => sandbox.destroy());

const files = () => sandboxFiles(sandbox);
const path = (name: string) => join(sandbox.spec.workdir, name);

test('bytes come back as they went, whatever the name', async () => {
  const bytes = Buffer.from([0, 1, 2, 255, 254, 10, 13, 0]);
  const name = path('we\'ird "name"\n$x/-f');
  await files().write(name, bytes);
  expect(await files().read(name)).toEqual(bytes);
  expect(await files().stat(name)).toMatchObject({ kind: 'file', size: 8, mode: 0o644 });
});

test('writing keeps the mode of an existing file and the symlink that leads to it', async () => {
  writeFileSync(path('run.sh'), 'old', { mode: 0o755 });
  symlinkSync('run.sh', path('link'));
  await files().write(path('link'), 'new');
  expect(readFileSync(path('run.sh'), 'utf8')).toBe('new');
  expect(statSync(path('run.sh')).mode & 0o777).toBe(0o755);
});

test('errors carry an errno', async () => {
  mkdirSync(path('dir'));
  writeFileSync(path('big'), 'x'.repeat(100));
  const errno = (call: Promise<unknown>) =>
    call.then(
      () => 'none',
      (error: { details?: { errno?: string } }) => error.details?.errno,
    );
  expect(await errno(files().read(path('missing')))).toBe('ENOENT');
  expect(await errno(files().read(path('dir')))).toBe('EISDIR');
  expect(await errno(files().read('/dev/zero'))).toBe('EINVAL');
  expect(await errno(files().read(path('big'), { maxBytes: 99 }))).toBe('EFBIG');
  expect(await errno(files().write(path('dir'), 'x'))).toBe('EISDIR');
  expect(await errno(files().write(path('big/below'), 'x'))).toBe('ENOTDIR');
  expect(await errno(files().list(path('big')))).toBe('ENOTDIR');
  expect(await errno(files().read('relative'))).toBe('EINVAL');
  expect(await files().stat(path('missing'))).toBeNull();
});

test('list goes as deep as asked and leaves hidden entries out', async () => {
  for (const dir of ['a/b/c', '.git/x']) mkdirSync(path(dir), { recursive: true });
  for (const file of ['a/one', 'a/b/two', 'a/b/c/three', '.env', 'a/.hidden']) writeFileSync(path(file), '');
  const names = (entries: string[]) => entries.map((entry) => entry.slice(sandbox.spec.workdir.length + 1));
  expect(names(await files().list(sandbox.spec.workdir, { depth: 2 }))).toEqual(['a/', 'a/b/', 'a/one']);
  expect(names(await files().list(path('a'), { depth: 1, hidden: true }))).toEqual(['a/.hidden', 'a/b/', 'a/one']);
  expect(await files().list(sandbox.spec.workdir, { depth: 3, limit: 2 })).toHaveLength(2);
});
