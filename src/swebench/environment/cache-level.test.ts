import { expect, test } from 'vitest';
import type { BuiltEnvironment } from '../../contracts/index.ts';
import type { Droppable } from '../../environment/drop-from-store.ts';
import type { StageRecord } from '../../environment/environment-layout.ts';
import { type CacheLevel, cacheKeeper } from './cache-level.ts';

const LONG_AGO = '2020-01-01T00:00:00.000Z';
const NOW = '2999-01-01T00:00:00.000Z';

/** What goes for two instances that share all but their repository; the first was there before. */
async function dropped(level: CacheLevel, clean: boolean) {
  const drops: Droppable[] = [];
  const images: string[] = [];
  const stage = (key: string, name: string, builtAt: string) => ({ key, name, builtAt }) as StageRecord;
  const shared = (builtAt: string) => [
    stage('i', 'installer', LONG_AGO),
    stage('p', 'python', builtAt),
    stage('h', 'history', builtAt),
  ];
  const keeper = cacheKeeper({
    level,
    clean,
    drop: async (what) => void drops.push(what),
    dropImage: async (reference) => void images.push(reference),
    stagesOf: async ({ digest }) =>
      digest === 'old'
        ? [...shared(NOW), stage('r1', 'repository', LONG_AGO)]
        : digest === 'new'
          ? [...shared(NOW), stage('r2', 'repository', NOW)]
          : [],
  });
  const environment = (digest: string, more: Partial<BuiltEnvironment> = {}) =>
    ({ digest, base: { kind: 'host' }, layers: [{ digest: 'x' }], cached: false, ...more }) as BuiltEnvironment;
  await keeper.done(environment('old', { cached: true }));
  await keeper.done(environment('new'));
  await keeper.done(environment('image', { base: { kind: 'image', reference: 'a/b:1' }, layers: [] }));
  await keeper.done(environment('image', { base: { kind: 'image', reference: 'had/it:1' }, layers: [], cached: true }));
  await keeper.end();
  return { drops, images };
}

test('of what the run made, what lies above the level goes: instances at once, what they share at the end', async () => {
  expect(await dropped('instance', false)).toEqual({ drops: [], images: [] });
  const own = { environments: ['new'], stages: ['r2'] };
  expect(await dropped('env', false)).toEqual({ drops: [own], images: ['a/b:1'] });
  expect(await dropped('base', false)).toEqual({ drops: [own, { stages: ['p', 'h'] }], images: ['a/b:1'] });
  expect(await dropped('none', false)).toEqual({ drops: [own, { stages: ['p', 'h'] }], images: ['a/b:1'] });
});

test('cleaning takes what was there before as well', async () => {
  expect(await dropped('instance', true)).toEqual({ drops: [], images: [] });
  const both = [
    { environments: ['old'], stages: ['r1'] },
    { environments: ['new'], stages: ['r2'] },
  ];
  expect(await dropped('env', true)).toEqual({ drops: both, images: ['a/b:1', 'had/it:1'] });
  expect((await dropped('none', true)).drops.at(-1)).toEqual({ stages: ['i', 'p', 'h'] });
});
