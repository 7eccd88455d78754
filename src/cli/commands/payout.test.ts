import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { manifestOf } from '../../../test/support/run-fixtures.ts';
import { createRun } from '../../store/file-run-store.ts';
import { payoutCommand } from './payout.ts';

const runsDir = mkdtempSync(join(tmpdir(), 'assay-payout-'));
const dataset = (name: string, reference: string) => ({
  ...{ name, reference, digest: 'sha256:d' },
  instances: [{ instanceId: 'tax-cent', repo: 'fieldbook', digest: 'sha256:i' }],
});
beforeAll(async () => {
  for (const manifest of [
    manifestOf('open', [], { dataset: dataset('freelance', 'tasks/freelance') }),
    manifestOf('foreign', [], { dataset: dataset('imported', 'trajectories'), priceTable: 'imported' }),
  ]) {
    const run = await createRun(runsDir, manifest);
    await run.close();
  }
  symlinkSync('open', join(runsDir, 'other-name'));
});
afterAll(() => rmSync(runsDir, { recursive: true }));

async function payout(...args: string[]) {
  let printed = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  const flags = { runsDir, review: 0, falseAccept: 0, falseReject: 0, svg: undefined, json: false, quiet: true };
  try {
    return { code: await payoutCommand.run({ args, flags }), printed };
  } finally {
    write.mockRestore();
  }
}

test('a run without a verdict has no figures, and does not count as done', async () => {
  const { code, printed } = await payout('open');
  expect(code).toBe(3);
  expect(printed).toContain('No attempt has a verdict.');
});

test.each([
  ['open', 'open'],
  ['open', join(runsDir, 'open')],
  ['open', join(runsDir, 'other-name')],
])('the same run is not taken for two: %s and %s', async (...names) => {
  await expect(payout(...names)).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining('named twice'),
  });
});

test('imported runs have no prices, and that is what is said', async () => {
  await expect(payout('foreign')).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining('was imported'),
    hint: expect.stringContaining('tasks/freelance'),
  });
});
