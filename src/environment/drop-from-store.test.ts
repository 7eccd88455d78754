import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AssayPaths, assayPaths } from '../base/paths.ts';
import { dropFromStore } from './drop-from-store.ts';
import { environmentLayout } from './environment-layout.ts';

let paths: AssayPaths;
beforeEach(() => {
  paths = assayPaths(mkdtempSync(join(tmpdir(), 'assay-drop-')));
});
afterEach(() => rmSync(paths.home, { recursive: true, force: true }));

const hex = (letter: string) => letter.repeat(64);
const digest = (letter: string) => `sha256:${hex(letter)}`;
function write(path: string, record: object): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, JSON.stringify(record));
}
/** An environment of stages named after their layers. */
function environment(name: string, letters: string): void {
  const layout = environmentLayout(paths.environments);
  const times = { builtAt: '2026-01-01T00:00:00Z', buildMs: 1 };
  for (const letter of letters) {
    mkdirSync(join(paths.layers, hex(letter)), { recursive: true });
    const stage = { key: digest(letter), kind: 'step', name, below: '', layer: digest(letter), baseCommit: null };
    write(layout.stage(digest(letter)), { ...stage, ...times });
  }
  const all = [...letters].map(digest);
  write(layout.environment(digest(name)), {
    digest: digest(name),
    stages: all,
    layers: all,
    baseCommit: 'c',
    repo: 'r',
    ...times,
  });
}
function image(name: string, letters: string): void {
  const layout = environmentLayout(paths.environments);
  for (const letter of letters) mkdirSync(join(paths.layers, hex(letter)), { recursive: true });
  const layers = [...letters].map((letter) => ({ digest: digest(letter) }));
  const rest = { platform: 'linux/amd64', env: {}, workdir: '/', user: '', entrypoint: [], command: [] };
  write(layout.image(digest(name)), { digest: digest(name), layers, ...rest });
  write(layout.image(digest('e')), { name: 'a/b:1', digest: digest(name), pulledAt: 'now' });
}
const layersLeft = () => readdirSync(paths.layers).map((name) => name[0]);
const recordsLeft = (folder: 'environments' | 'stages' | 'images') =>
  readdirSync(environmentLayout(paths.environments)[folder]).length;

test('a stage that another environment needs stays, with its layer', async () => {
  environment('1', 'ab');
  environment('2', 'ac');
  const what = { environments: [digest('1')], stages: [digest('a'), digest('b')] };
  expect(await dropFromStore(paths, what, new Set())).toEqual([hex('b')]);
  expect([layersLeft(), recordsLeft('environments'), recordsLeft('stages')]).toEqual([['a', 'c'], 1, 2]);
});

test('layers under living sandboxes stay; an image goes with its names', async () => {
  environment('1', 'ab');
  image('9', 'bd');
  expect(await dropFromStore(paths, { images: [digest('9')] }, new Set())).toEqual([hex('d')]);
  expect(recordsLeft('images')).toBe(0);
  const all = { environments: [digest('1')], stages: [digest('a'), digest('b')] };
  expect(await dropFromStore(paths, all, new Set([hex('b')]))).toEqual([hex('a')]);
  expect(layersLeft()).toEqual(['b']);
});
