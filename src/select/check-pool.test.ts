import { expect, test } from 'vitest';
import { manifestOf } from '../../test/support/run-fixtures.ts';
import type { RunRecord } from '../contracts/index.ts';
import { checkPool, poolWarnings } from './check-pool.ts';
import { filterRuns } from './filter-runs.ts';

function record(runId: string, reference: string, ids: readonly string[], digest = 'd'): RunRecord {
  const manifest = manifestOf(runId, ids);
  const instances = ids.map((instanceId) => ({ instanceId, digest, repo: 'r' }));
  const attempts = ids.map((instanceId) => ({
    instanceId,
    attempt: 1,
    repo: 'r',
    state: 'pending' as const,
    environmentDigest: null,
    outcome: null,
    totals: null,
    patchDigest: null,
    patchBytes: 0,
    report: null,
  }));
  const dataset = { ...manifest.dataset, reference, instances };
  return { manifest: { ...manifest, dataset }, status: 'completed', attempts, dir: `/runs/${runId}` };
}

test('a run counts once, and a task is one task', () => {
  expect(() => checkPool([record('A', 'x', ['a']), record('A', 'x', ['a'])])).toThrow('named twice');
  expect(() => checkPool([record('A', 'x', ['a']), record('B', 'x', ['a'], 'other')])).toThrow('not the same task');
  checkPool([record('A', 'x', ['a']), record('B', 'x', ['a'])]);
});

test('sets of tasks that nothing leads between are told; parts of one set and shared tasks are none', () => {
  expect(poolWarnings([record('A', 'x', ['a']), record('B', 'x', ['b']), record('C', 'y', ['b', 'c'])])).toEqual([]);
  const [warning] = poolWarnings([record('A', 'x', ['a']), record('B', 'y', ['b']), record('C', 'z', ['b'])]);
  expect(warning).toContain('different sets of tasks (x; y with z)');
  // The last run joins what was apart.
  expect(poolWarnings([record('A', 'x', ['a']), record('B', 'y', ['b']), record('C', 'z', ['a', 'b'])])).toEqual([]);
});

test('runs are cut to the wanted instances, in manifest and attempts', () => {
  const runs = [record('A', 'x', ['alpha-1', 'alpha-2', 'beta-1']), record('B', 'x', ['beta-1', 'alpha-1'])];
  const cut = (filter: Parameters<typeof filterRuns>[1]) =>
    filterRuns(runs, filter).map(({ manifest, attempts }) => {
      expect(manifest.dataset.instances.map(({ instanceId }) => instanceId)).toEqual(
        attempts.map(({ instanceId }) => instanceId),
      );
      return attempts.map(({ instanceId }) => instanceId);
    });
  expect(cut({ instances: ['alpha-*'] })).toEqual([['alpha-1', 'alpha-2'], ['alpha-1']]);
  expect(cut({ instances: [], limit: 1 })).toEqual([['alpha-1'], ['alpha-1']]);
  expect(() => cut({ instances: ['gamma'] })).toThrow('no instance of these runs matches gamma');
});
