import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Critic } from '../../contracts/index.ts';
import { seededRandom } from '../../stats/seeded-random.ts';
import type { GradedAttempt } from '../data/load-attempts.ts';
import { type ScoredAttempt, scoreGraded } from '../data/score-graded.ts';
import { evaluateGiven } from '../evaluate/evaluate-given.ts';
import { measure } from '../evaluate/measure.ts';
import { calibrated } from '../learn/calibration.ts';
import { calibratedCritic } from './calibrated-critic.ts';
import { type CalibrationFile, readCalibrationFile } from './calibration-file.ts';
import { type FittedCalibration, fitCalibration } from './fit-calibration.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-calibration-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** A judge as they are: few different ratings, far too sure of itself. Its word is right as often as `truth` says. */
const RATINGS = [
  { score: 0.05, truth: 0.1 },
  { score: 0.8, truth: 0.3 },
  { score: 0.95, truth: 0.55 },
];

function attempts(count: number, repositories = 10): ScoredAttempt[] {
  const random = seededRandom(3);
  return Array.from({ length: count }, (_, i) => {
    const { score, truth } = RATINGS[random.below(RATINGS.length)] ?? { score: 0, truth: 0 };
    const attempt: GradedAttempt = {
      trajectory: {
        runId: 'r',
        instanceId: `i-${i}`,
        attempt: 1,
        repo: `repo-${i % repositories}`,
        system: '',
        messages: [],
        patch: String(score),
        outcome: null,
        totals: null,
      },
      resolved: random.uniform() < truth,
      agent: 'a/m',
      patchKnown: true,
      leaks: false,
    };
    return { attempt, score };
  });
}

function fileOf({ calibration, heldOut }: FittedCalibration): CalibrationFile {
  return {
    format: 'assay-critic-calibration',
    formatVersion: 1,
    critic: 'judge:http://127.0.0.1:1#m',
    calibration,
    card: {
      fittedAt: new Date(0).toISOString(),
      assayVersion: '0',
      runs: ['r'],
      repositories: ['repo-0'],
      instanceIds: ['i-0', 'i-1'],
      attempts: 100,
      resolved: 30,
      unscored: 0,
      rawAuc: 0.7,
      heldOut,
    },
  };
}

/** Says what stands in the patch. */
const judge: Critic = {
  name: 'judge',
  calibrated: false,
  score: async ({ patch }) => ({ perTurn: [Number(patch) / 2], final: Number(patch), cost: { kind: 'unknown' } }),
  close: async () => {},
};

describe.each(['platt', 'isotonic'] as const)('%s', (method) => {
  test('ratings become the rates that are seen, held out as well', () => {
    const scored = attempts(3_000);
    const { calibration, heldOut } = fitCalibration(scored, method);
    for (const { score, truth } of RATINGS) {
      expect(Math.abs(calibrated(calibration, score) - truth)).toBeLessThan(method === 'platt' ? 0.12 : 0.05);
    }
    const raw = measure(
      scored.map(({ score }) => score),
      scored.map(({ attempt }) => attempt.resolved),
    );
    expect(heldOut).toMatchObject({ split: 'repository', folds: 4, attempts: 3_000 });
    expect(heldOut?.ece).toBeLessThan(0.08);
    expect(raw.ece).toBeGreaterThan(0.25);
    expect(heldOut?.brier).toBeLessThan(raw.brier);
  });

  test('the order of the ratings stays', () => {
    const { calibration } = fitCalibration(attempts(60), method);
    const values = [0, 0.05, 0.5, 0.8, 0.9, 0.95, 1].map((score) => calibrated(calibration, score));
    expect(values).toEqual([...values].sort((a, b) => a - b));
  });
});

test('few repositories are held out by instance', () => {
  expect(fitCalibration(attempts(50, 3), 'platt').heldOut?.split).toBe('instance');
});

test('a calibrated critic gives probabilities, for turns too, and the cost of the critic inside', async () => {
  const file = fileOf(fitCalibration(attempts(500), 'platt'));
  const { calibration } = file;
  const critic = calibratedCritic(judge, file);
  expect([critic.name, critic.calibrated]).toEqual(['judge, calibrated', true]);
  expect(critic.trainedOn).toEqual({ runs: ['r'], repositories: ['repo-0'], instances: ['i-0', 'i-1'] });
  const [one] = attempts(1);
  if (one === undefined) throw new Error('no attempt');
  const score = await critic.score(one.attempt.trajectory, { signal: new AbortController().signal });
  expect(score).toEqual({
    perTurn: [calibrated(calibration, one.score / 2)],
    final: calibrated(calibration, one.score),
    cost: { kind: 'unknown' },
  });
});

test('the evaluation of a critic that is not calibrated has no Brier score; that of a calibrated one has', async () => {
  const graded = attempts(400).map(({ attempt }) => attempt);
  const { signal } = new AbortController();
  const plain = await evaluateGiven(judge, [], await scoreGraded(judge, graded, signal));
  expect(plain).toMatchObject({ calibrated: false, unknownCosts: 400, unscored: 0 });
  expect(plain.measures.all).toMatchObject({ attempts: 400, brier: null, ece: null });
  expect(plain.measures.all.auc).toBeGreaterThan(0.6);
  const mended = calibratedCritic(judge, fileOf(fitCalibration(attempts(400), 'isotonic')));
  const given = await evaluateGiven(mended, [], await scoreGraded(mended, graded, signal));
  expect(given.measures.all.ece).toBeLessThan(0.1);
  expect(given.measures.all.auc).toBeCloseTo(plain.measures.all.auc ?? 0, 9);
});

test('a file is read back; what is no calibration is refused', async () => {
  const file = fileOf(fitCalibration(attempts(100), 'isotonic'));
  const path = join(home, 'judge.json');
  writeFileSync(path, JSON.stringify(file));
  expect(await readCalibrationFile(path)).toEqual(file);
  await expect(readCalibrationFile(join(home, 'none.json'))).rejects.toMatchObject({ code: 'file-not-found' });
  writeFileSync(path, JSON.stringify({ ...file, calibration: { kind: 'guess' } }));
  await expect(readCalibrationFile(path)).rejects.toMatchObject({ code: 'config-invalid' });
  writeFileSync(path, 'no json');
  await expect(readCalibrationFile(path)).rejects.toMatchObject({ code: 'config-invalid' });
});
