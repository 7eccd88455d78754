import { expect, test } from 'vitest';
import { manifestOf } from '../../test/support/run-fixtures.ts';
import type { Critic, CriticTraining } from '../contracts/index.ts';
import { firstCritic } from '../select/baseline-critics.ts';
import { finiteCritic } from './finite-critic.ts';
import { overlapWarning, trainingOverlap } from './training-overlap.ts';

const trained = (trainedOn: CriticTraining): Critic => finiteCritic({ ...firstCritic, trainedOn });
const run = (runId: string, ...instances: string[]) => {
  const base = manifestOf(runId, []);
  const rows = instances.map((instanceId) => ({ instanceId, digest: '', repo: instanceId.split('-')[0] ?? '' }));
  return { ...base, dataset: { ...base.dataset, instances: rows } };
};

test('what a critic is asked about and has seen: runs, instances, repositories, the worst first', () => {
  const critic = trained({ runs: ['A'], repositories: ['r', 's'], instances: ['r-1', 's-1'] });
  const same = trainingOverlap(critic, [run('A', 'r-1', 'r-2'), run('B', 't-1')]);
  expect(same).toEqual({ runs: ['A'], repositories: ['r'], instances: ['r-1'] });
  const others = trainingOverlap(critic, [run('B', 'r-1', 'r-2')]);
  const elsewhere = trainingOverlap(critic, [run('B', 'r-2', 's-2')]);
  expect([others?.runs, elsewhere?.instances]).toEqual([[], []]);
  const words = [same, others, elsewhere].map((one) => (one === null ? '' : overlapWarning('embedded', one)));
  expect(words[0]).toContain('these very attempts (A)');
  expect(words[1]).toContain('other attempts at 1 of these instances (r-1)');
  expect(words[2]).toContain('2 of these repositories (r, s)');
});

test('nothing in common, a critic that was not trained, a file that names no instances', () => {
  const critic = trained({ runs: ['A'], repositories: ['r'], instances: null });
  expect(trainingOverlap(critic, [run('B', 't-1')])).toBeNull();
  expect(trainingOverlap(firstCritic, [run('A', 'r-1')])).toBeNull();
  expect(trainingOverlap(critic, [run('B', 'r-1')])).toEqual({ runs: [], repositories: ['r'], instances: [] });
});
