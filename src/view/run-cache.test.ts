import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { writeViewStore } from '../../test/support/view-store.ts';
import { RunCache } from './run-cache.ts';

test('what nobody has asked for is read when nobody asks for anything, or as soon as somebody does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-ahead-'));
  await writeViewStore(folder, 2);
  const cache = new RunCache(folder);
  await cache.run('first');
  const asking = setInterval(() => void cache.run('first'), 20);
  try {
    const ahead = cache.readAhead().then(() => 'read');
    expect(await Promise.race([ahead, sleep(200, 'waits')])).toBe('waits');
    expect((await cache.run('second')).attempts).toHaveLength(3);
    expect(await ahead).toBe('read');
  } finally {
    clearInterval(asking);
    rmSync(folder, { recursive: true });
  }
});
