import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AssayPaths, assayPaths } from '../base/paths.ts';
import { collectStore } from './collect-store.ts';
import { environmentLayout } from './environment-layout.ts';
import { summarizeStore } from './environment-store.ts';

const MEGABYTE = 1024 ** 2;
let paths: AssayPaths;
beforeEach(() => {
  paths = assayPaths(mkdtempSync(join(tmpdir(), 'assay-collect-')));
});
afterEach(() => rmSync(paths.home, { recursive: true, force: true }));

const hex = (letter: string) => letter.repeat(64);
const aged = (path: string, hours: number) => {
  const time = new Date(Date.now() - hours * 3_600_000);
  utimesSync(path, time, time);
};
function layer(letter: string, megabytes: number): void {
  const folder = join(paths.layers, hex(letter));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'data'), Buffer.alloc(megabytes * MEGABYTE, 1));
  aged(folder, 100);
}
/** An environment of layers, one stage for each, last used some hours ago. */
function environment(name: string, letters: string, hours: number): void {
  const layout = environmentLayout(paths.environments);
  mkdirSync(layout.environments, { recursive: true });
  mkdirSync(layout.stages, { recursive: true });
  const layers = [...letters].map((letter) => `sha256:${hex(letter)}`);
  const times = { builtAt: '2026-01-01T00:00:00Z', buildMs: 1 };
  for (const digest of layers) {
    const stage = { key: digest, kind: 'step', name, below: '', layer: digest, baseCommit: null, ...times };
    writeFileSync(layout.stage(digest), JSON.stringify(stage));
    aged(layout.stage(digest), 100);
  }
  const record = { digest: `sha256:${hex(name)}`, stages: layers, layers, baseCommit: 'c', repo: 'r', ...times };
  writeFileSync(layout.environment(hex(name)), JSON.stringify(record));
  aged(layout.environment(hex(name)), hours);
}
const layersLeft = () => readdirSync(paths.layers).map((name) => name[0]);

test('of what does not fit, the least recently used goes; shared layers and what is in use stay', async () => {
  for (const letter of ['a', 'b', 'c', 'd']) layer(letter, 2);
  environment('1', 'ab', 50); // shares a
  environment('2', 'ac', 20);
  environment('3', 'ad', 1);
  const before = await summarizeStore(paths);
  expect(before.environments.map(({ ownBytes }) => Math.round(ownBytes / MEGABYTE))).toEqual([2, 2, 2]);
  expect(await collectStore(paths, { budgetBytes: 100 * MEGABYTE })).toMatchObject({ environments: 0, layers: 0 });
  const inUse = new Set([hex('b')]);
  expect(await collectStore(paths, { budgetBytes: 7 * MEGABYTE, inUse, dryRun: true })).toMatchObject({
    environments: 1,
  });
  expect(await collectStore(paths, { budgetBytes: 7 * MEGABYTE, inUse })).toMatchObject({ environments: 1, layers: 1 });
  expect(layersLeft()).toEqual(['a', 'b', 'd']);
  expect(await collectStore(paths, { budgetBytes: 5 * MEGABYTE })).toMatchObject({ environments: 1, layers: 1 });
  expect(layersLeft()).toEqual(['a', 'd']);
});

test('what was used just now is never evicted, however small the budget', async () => {
  layer('a', 1);
  environment('1', 'a', 0);
  expect(await collectStore(paths, { budgetBytes: 0 })).toMatchObject({ environments: 0, layers: 0 });
  aged(environmentLayout(paths.environments).environment(hex('1')), 1);
  expect(await collectStore(paths, { budgetBytes: 0 })).toMatchObject({ environments: 1, layers: 1 });
});

test('several collections at once remove each layer once, and none fails', async () => {
  const letters = [...'0123456789abcdef'];
  for (const letter of letters) layer(letter, 0);
  const reports = await Promise.all([1, 2, 3].map(() => collectStore(paths, { graceMs: 0 })));
  expect(reports.reduce((sum, one) => sum + one.layers, 0)).toBe(letters.length);
  expect(layersLeft()).toEqual([]);
});

test('layers under living sandboxes stay even when nothing else knows them', async () => {
  layer('a', 1);
  expect(await collectStore(paths, { inUse: new Set([hex('a')]), graceMs: 0 })).toMatchObject({ layers: 0 });
  expect(await collectStore(paths, { graceMs: 0 })).toMatchObject({ layers: 1 });
});
