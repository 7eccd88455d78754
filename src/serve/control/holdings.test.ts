import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Holdings } from './holdings.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'assay-holdings-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test('what one key holds is not held by another, also after a restart', async () => {
  const before = new Holdings(home);
  await before.add('a', 'sha256:1');
  await before.add('a', 'sha256:2', { name: 'mine:1' });
  await before.add('a', 'sha256:3', { name: 'mine:1' });
  for (const holdings of [before, new Holdings(home)]) {
    expect(await holdings.has('a', 'sha256:1')).toBe(true);
    expect(await holdings.has('b', 'sha256:1')).toBe(false);
    expect(await holdings.imageNamed('a', 'mine:1')).toBe('sha256:3');
    expect(await holdings.imageNamed('b', 'mine:1')).toBeUndefined();
  }
});

test('a line that was torn loses itself only', async () => {
  await new Holdings(home).add('a', 'sha256:1');
  appendFileSync(join(home, 'serve', 'holdings.jsonl'), '{"owner":"a","dig');
  await new Holdings(home).add('a', 'sha256:2');
  const after = new Holdings(home);
  expect([await after.has('a', 'sha256:1'), await after.has('a', 'sha256:2')]).toEqual([true, true]);
});

test('what is dropped is held no more, and a file of dropped lines is written anew', async () => {
  const holdings = new Holdings(home);
  await holdings.add('a', 'sha256:1', { bytes: 5 });
  await holdings.add('a', 'sha256:2', { name: 'mine:1' });
  for (let n = 0; n < 501; n++) {
    await holdings.add('b', 'sha256:9', { bytes: n });
    await holdings.drop('b', 'sha256:9');
  }
  expect(readFileSync(join(home, 'serve', 'holdings.jsonl'), 'utf8').split('\n').length).toBeLessThan(10);
  for (const one of [holdings, new Holdings(home)]) {
    expect(await one.owners()).toEqual(['a']);
    expect(await one.layersOf('a')).toEqual([{ digest: 'sha256:1', bytes: 5 }]);
    expect(await one.imageNamed('a', 'mine:1')).toBe('sha256:2');
  }
});
