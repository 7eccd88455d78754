import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readHostPressure, shortage } from './host-pressure.ts';

const root = mkdtempSync(join(tmpdir(), 'assay-pressure-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('the files of the kernel are read as it writes them; a kernel without pressure information is no error', async () => {
  expect(await readHostPressure(join(root, 'none'))).toBeUndefined();
  writeFileSync(join(root, 'meminfo'), 'MemTotal:       1000 kB\nMemFree:  10 kB\nMemAvailable:    500 kB\n');
  const bare = { availableBytes: 512_000, totalBytes: 1_024_000 };
  expect(await readHostPressure(root)).toEqual({ ...bare, memoryFull: null, ioFull: null });
  mkdirSync(join(root, 'pressure'));
  const lines = (share: string) =>
    `some avg10=99.00 avg60=1.00 avg300=0.10 total=1\nfull avg10=${share} avg60=2.00 avg300=0.00 total=5\n`;
  writeFileSync(join(root, 'pressure/memory'), lines('12.50'));
  writeFileSync(join(root, 'pressure/io'), lines('0.00'));
  expect(await readHostPressure(root)).toEqual({ ...bare, memoryFull: 12.5, ioFull: 0 });
});

test.each([
  [{ availableBytes: 500, memoryFull: null, ioFull: null }, undefined],
  [{ availableBytes: 500, memoryFull: 9, ioFull: 59 }, undefined],
  [{ availableBytes: 70, memoryFull: 0, ioFull: 0 }, /memory are left/],
  [{ availableBytes: 500, memoryFull: 30, ioFull: 0 }, /wait for memory 30 %/],
  [{ availableBytes: 500, memoryFull: 0, ioFull: 80 }, /wait for disks 80 %/],
])('%o: %s', (pressure, expected) => {
  const found = shortage({ totalBytes: 1000, ...pressure });
  if (expected === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(expected);
});
