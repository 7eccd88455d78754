import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AssayError, type Critic, type RunRecord } from '../../src/contracts/index.ts';
import { selectionSvg } from '../../src/report/selection-svg.ts';
import { curvesText, winnersText } from '../../src/report/selection-text.ts';
import { shortestCritic } from '../../src/select/baseline-critics.ts';
import { scoreAttempts } from '../../src/select/score-attempts.ts';
import { curveInstances, selectOne } from '../../src/select/selection.ts';
import { selectionCurves } from '../../src/select/selection-curves.ts';
import { criticSelector, majoritySelector, passSelector, randomSelector } from '../../src/select/selector.ts';
import { type StoredInstance, storedInstances } from '../../src/select/stored-attempts.ts';
import { loadRunRecord } from '../../src/store/load-run-record.ts';
import { runPaths } from '../../src/store/run-folder.ts';
import { writeSelectionRun } from '../support/selection-run.ts';
import { drawWorld, WORLD } from '../support/selection-world.ts';

const WORLD_HERE = { ...WORLD, repositories: 6, instancesPerRepository: 3 };
const { signal } = new AbortController();
let folder = '';
let run: RunRecord;
let stored: StoredInstance[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-select-'));
  run = await loadRunRecord(writeSelectionRun(folder, WORLD_HERE, { seed: 2, steps: 3 }).dir);
  stored = await storedInstances([run]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('equal answers in other words have one vote, different ones do not', () => {
  const drawn = drawWorld(WORLD_HERE, 2);
  expect(stored.map((one) => one.instanceId)).toEqual(drawn.map((one) => one.instanceId));
  for (const [at, { attempts }] of drawn.entries()) {
    const votes = new Map<string | null, Set<string | null>>();
    attempts.forEach((attempt, i) => {
      const found = stored[at]?.attempts[i]?.vote ?? null;
      votes.set(attempt.vote, (votes.get(attempt.vote) ?? new Set()).add(found));
    });
    for (const found of votes.values()) expect(found.size).toBe(1);
    expect(new Set([...votes.values()].map((found) => [...found][0])).size).toBe(votes.size);
  }
});

test('from files to curves: the same numbers as from the world itself', () => {
  const selectors = [passSelector, randomSelector, majoritySelector];
  const options = { resamples: 100 };
  const fromFiles = selectionCurves(curveInstances(stored, {}), selectors, options);
  expect(fromFiles).toEqual(selectionCurves(drawWorld(WORLD_HERE, 2), selectors, options));
  expect(curvesText(fromFiles)).toMatch(/majority +\d+\.\d % \[/);
  expect(selectionSvg(fromFiles)).toContain('>dollars per instance');
});

test('winners by vote have their reasons; every candidate has one', () => {
  const selections = stored.map((one) => selectOne(one, {}));
  for (const { winner, candidates, patch } of selections) {
    expect(candidates.every((one) => one.reason !== '')).toBe(true);
    expect(winner?.reason).toMatch(/^chosen: /);
    expect(candidates.filter((one) => one.reason.startsWith('chosen: '))).toEqual([winner]);
    const rest = candidates.some((one) => one.vote !== null);
    expect(patch !== '').toBe(rest);
  }
  expect(winnersText(selections, true).split('\n').length).toBe(stored.flatMap((one) => one.attempts).length + 1);
});

test('a critic reads conversations and decides; what it cannot score ranks last and is told', async () => {
  const all = stored.flatMap((one) => one.attempts);
  const lengths = await scoreAttempts(shortestCritic, all, signal);
  expect([...lengths.values.values()].every((value) => value === -3)).toBe(true);
  const moody: Critic = {
    ...shortestCritic,
    name: 'moody',
    async score(trajectory) {
      if (trajectory.attempt === 1) throw new AssayError('model-timeout', 'too slow', { class: 'model' });
      return { perTurn: [], final: trajectory.attempt, cost: { kind: 'priced', usd: 0.5, table: 'test' } };
    },
  };
  const scores = await scoreAttempts(moody, all, signal);
  expect(scores.failures).toHaveLength(stored.length);
  expect(scores.failures[0]?.failure.code).toBe('model-timeout');
  expect(scores.usd).toBeCloseTo(0.5 * (all.length - stored.length), 9);
  const [first] = stored;
  if (first === undefined) throw new Error('no instance');
  const { candidates } = selectOne(first, { scores });
  expect(candidates[0]?.score).toBeNull();
  const curves = selectionCurves(curveInstances(stored, { scores }), [criticSelector('moody')], { resamples: 100 });
  expect(curves.curves[0]?.points).toHaveLength(WORLD_HERE.attempts);
});

test('attempts of several runs are one pool, in order', async () => {
  const twice = await storedInstances([run, run]);
  expect(twice[0]?.attempts.map((one) => one.order)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
});

test('a judged attempt whose patch is not kept counts in the curves, and has no vote', async () => {
  const copy = writeSelectionRun(join(folder, 'copy'), WORLD_HERE, { seed: 2, steps: 1 });
  const [before] = stored;
  if (before === undefined) throw new Error('no instance');
  rmSync(join(runPaths(copy.dir).attempt({ instanceId: before.instanceId, attempt: 1 }), 'patch.diff'));
  const [after] = await storedInstances([await loadRunRecord(copy.dir)]);
  expect(after?.attempts).toHaveLength(before.attempts.length);
  expect(after?.attempts[0]).toMatchObject({ patch: '', vote: null });
  expect(after?.withoutPatch).toBe(0);
});
