import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeTree } from './remove-tree.ts';

test('folders closed to their owner go, with many others beside them', async () => {
  const top = await mkdtemp(join(tmpdir(), 'assay-tree-'));
  for (let index = 0; index < 40; index++) {
    const folder = join(top, `f${index}`, 'deep', 'er');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'file'), '');
    if (index % 4 === 0) await chmod(join(top, `f${index}`, 'deep'), 0o000);
  }
  await removeTree(top);
  expect(existsSync(top)).toBe(false);
  await removeTree(top); // what is not there is gone
});
