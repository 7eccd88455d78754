import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SwebenchInstance } from '../contracts.ts';
import { fetchImageAssets, withAssets } from './image-assets.ts';

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'assay-assets-'));
});
afterEach(() => rm(cache, { recursive: true, force: true }));

const { signal } = new AbortController();
const row = (paths: readonly string[]): SwebenchInstance => ({
  ...{ instance_id: 'o__r-1', repo: 'o/r', version: '1', base_commit: 'c', patch: '', test_patch: '' },
  ...{ FAIL_TO_PASS: [], PASS_TO_PASS: [], log_parser: 'x', eval_type: 'pass_and_fail' },
  image_assets: { test_patch: paths.map((path, at) => ({ path, url: `http://pictures.example/${at}` })), patch: [] },
});
const fetchPaths = (paths: readonly string[], answer = (url: string) => `picture ${url.at(-1)}`) =>
  fetchImageAssets(row(paths), { cache, signal, fetch: async (url) => new Response(answer(String(url))) });

test.each(['..', '../a.png', 'a/../../b.png', '/etc/a.png', 'a//b.png', `${'x'.repeat(300)}.png`, 'a\0b.png', 'a/'])(
  '%j is no place for a picture: the row is refused, not the machine',
  async (path) => {
    await expect(fetchPaths([path])).rejects.toMatchObject({ code: 'task-invalid', failureClass: 'input' });
  },
);

test('paths that would share a name, and long ones, get names of their own', async () => {
  const long = Array.from({ length: 6 }, () => 'y'.repeat(60)).join('/');
  const assets = await fetchPaths(['a/b.png', 'a__b.png', `${long}/c.png`]);
  expect(assets.map((one) => [one.name, one.content.toString()])).toEqual([
    ['a__b.png', 'picture 0'],
    ['1.png', 'picture 1'],
    ['2.png', 'picture 2'],
  ]);
});

test('a page in place of a picture is an error, and not kept', async () => {
  const page = () => '\n<!DOCTYPE html><title>Log in</title>';
  await expect(fetchPaths(['a.png'], page)).rejects.toMatchObject({ code: 'dataset-not-found', retryable: true });
  expect((await fetchPaths(['a.png']))[0]?.content.toString()).toBe('picture 0');
});

test('folders with blanks and leading dashes are made as they are named', async () => {
  const script = withAssets('true', [
    { path: 'my dir/-x/a b.png', name: 'n', content: Buffer.from('') },
    { path: '-y/c.png', name: 'n', content: Buffer.from('') },
  ]).replaceAll('/image_assets/', `${cache}/`);
  await writeFile(join(cache, 'n'), 'picture');
  execFileSync('bash', ['-ec', script], { cwd: cache });
  expect(await readFile(join(cache, 'my dir/-x/a b.png'), 'utf8')).toBe('picture');
  expect(await readFile(join(cache, '-y/c.png'), 'utf8')).toBe('picture');
});
