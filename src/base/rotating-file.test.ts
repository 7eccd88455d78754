import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RotatingFile } from './rotating-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-rotating-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('keeps to its size and to the newest files, also when it is opened again', async () => {
  const path = join(folder, 'deep', 'lines');
  const open = () => new RotatingFile({ path, maxBytes: 10, kept: 2 });
  let file = open();
  for (let n = 0; n < 9; n++) {
    if (n === 4) file = open();
    await file.append(`${n} x\n`);
  }
  expect(['', '.1', '.2'].map((end) => readFileSync(path + end, 'utf8'))).toEqual([
    '8 x\n',
    '6 x\n7 x\n',
    '4 x\n5 x\n',
  ]);
  expect(existsSync(`${path}.3`)).toBe(false);
});

test('a text longer than a file is kept whole', async () => {
  const path = join(folder, 'lines');
  const file = new RotatingFile({ path, maxBytes: 4, kept: 1 });
  await file.append('longer than four\n');
  await file.append('next\n');
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('longer than four\n');
  expect(readFileSync(path, 'utf8')).toBe('next\n');
});
