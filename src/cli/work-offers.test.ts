import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { manifestOf } from '../../test/support/run-fixtures.ts';
import type { RunManifest, SharedStore } from '../contracts/index.ts';
import { RunControl } from '../run/run-control.ts';
import { runKeys } from '../share/account.ts';
import { openFileSharedStore } from '../share/file-shared-store.ts';
import { priceVersion } from './compose.ts';
import { createProgress } from './progress.ts';
import { assayVersion } from './version.ts';
import { workOnOffer } from './work-offers.ts';

let folder: string;
let store: SharedStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-offer-'));
  store = await openFileSharedStore(join(folder, 'shared'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What is told of an offer that differs by `more` from one that is fine. */
async function told(more: Partial<RunManifest>, urls: string[] = []): Promise<string> {
  const model = { id: 'scripted:nowhere.yaml', parameters: {} };
  const fine = { assayVersion: assayVersion(), priceTable: await priceVersion({ model: 'scripted:x' }), model };
  const manifest = manifestOf('offered', ['a'], { ...fine, ...more });
  const key = runKeys('offered').offer;
  await store.put(key, JSON.stringify({ manifest }), (await store.get(key))?.version ?? null);
  return await workOnOffer('offered', {
    store,
    direct: store,
    reference: join(folder, 'shared'),
    folder: join(folder, 'work'),
    jobs: 1,
    tier: undefined,
    tasks: { repos: [] },
    urls,
    control: new RunControl(),
    progress: createProgress({ quiet: true }),
  }).then(String, (error: Error) => error.message);
}

const parameters = (given: Record<string, unknown>) => ({ model: { id: 'scripted:nowhere.yaml', parameters: given } });

test('an offer leads no key and no transcript to an address that is not allowed', async () => {
  expect(await told(parameters({ baseUrl: 'http://evil.example/v1' }))).toMatch(/names http:\/\/evil\.example\/v1/);
  for (const kind of ['judge', 'judge-patch', 'rubric', 'openhands-32b'])
    expect(await told(parameters({ critic: `${kind}:http://evil.example/v1#m` }))).toMatch(/names http:\/\/evil/);
  const table = manifestOf('offered', ['a']).dataset;
  expect(await told({ dataset: { ...table, reference: 'https://evil.example/rows' } })).toMatch(/names https:\/\/evil/);
  const allowed = await told(parameters({ baseUrl: 'http://good.example/v1' }), ['http://good.example/v1']);
  expect(allowed).not.toMatch(/is not worked on/);
});

test('an offer writes and reads no files of its choice', async () => {
  expect(await told(parameters({ record: '/etc/cron.d/x' }))).toMatch(/would record into a file/);
  expect(await told({ agent: { name: 'a', digest: 'b', promptFile: '../../etc/passwd' } })).toMatch(
    /its prompt lies in/,
  );
  expect(await told({ runId: '../../outside' })).toMatch(/it says that it is run \.\.\/\.\.\/outside/);
  const { dataset } = manifestOf('offered', ['a']);
  const repos = { ...dataset, table: { split: 'test', repos: ['/root'] } };
  expect(await told({ dataset: repos })).toMatch(/--repos names none/);
  expect(await readdir(folder)).toEqual(['shared']);
});

test('an offer of another version, or with other prices, is another run', async () => {
  expect(await told({ assayVersion: '0.0.0' })).toMatch(/offered by Assay 0\.0\.0/);
  expect(await told({ priceTable: 'another' })).toMatch(/has prices another/);
});
