import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { manifestOf } from '../../test/support/run-fixtures.ts';
import type { RunManifest, SharedStore } from '../contracts/index.ts';
import { openFileSharedStore } from './file-shared-store.ts';
import { offeredRuns, offerRun, planDigest, readOffer } from './offer.ts';

let folder: string;
let store: SharedStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-offer-'));
  store = await openFileSharedStore(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const manifest = (more: Partial<RunManifest> = {}) => manifestOf('r', ['a', 'b'], more);

test('the first offer stands; names, paths, times and machines may differ from it', async () => {
  const first = { manifest: manifest({ jobs: 3 }), prompt: 'Solve it.' };
  expect(await offerRun(store, first)).toEqual(first);
  const { dataset, host } = manifest();
  const elsewhere = manifest({
    createdAt: '2027-01-01T00:00:00.000Z',
    dataset: { ...dataset, name: '/data/rows.parquet', reference: '/data/rows.parquet', digest: 'sha256:other' },
    host: { ...host, cpus: 64 },
    jobs: 64,
  });
  expect(planDigest(elsewhere)).toBe(planDigest(manifest()));
  expect(await offerRun(store, { manifest: elsewhere })).toEqual(first);
  expect(await offeredRuns(store)).toEqual(['r']);
});

test('what decides the results must be the same, and is named where it is not', async () => {
  await offerRun(store, { manifest: manifest() });
  const { dataset } = manifest();
  const changed = dataset.instances.map((one) => ({ ...one, digest: 'sha256:changed' }));
  const cases: [Partial<RunManifest>, RegExp][] = [
    [{ attempts: 2 }, /attempts \(\d here, \d there\)/],
    [{ model: { id: 'double/model', parameters: { temperature: 1 } } }, /model differs/],
    [{ agent: { name: 'double', digest: 'sha256:other' } }, /agent differs/],
    [
      { dataset: { ...dataset, instances: changed }, priceTable: 'other' },
      /dataset differs, priceTable \(.* here, "other" there\)|dataset differs, priceTable \("other" here/,
    ],
    [{ assayVersion: '9.9.9' }, /assayVersion \("9.9.9" here, .* there\)/],
  ];
  for (const [more, words] of cases)
    await expect(offerRun(store, { manifest: manifest(more) })).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(words),
    });
});

test('an offer that cannot be read is told', async () => {
  expect(await readOffer(store, 'r')).toBeNull();
  await store.put('offers/r', '{"manifest":', null);
  await expect(readOffer(store, 'r')).rejects.toMatchObject({ code: 'store-invalid' });
  await expect(offerRun(store, { manifest: manifest() })).rejects.toMatchObject({ code: 'store-invalid' });
});
