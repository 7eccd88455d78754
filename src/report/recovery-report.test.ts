import { expect, test } from 'vitest';
import { manifestOf } from '../../test/support/run-fixtures.ts';
import { isTreated } from '../base/random-assignment.ts';
import type { AttemptRecord, RunManifest, RunRecord } from '../contracts/index.ts';
import { seededRandom } from '../stats/seeded-random.ts';
import { comparedRecoveryText, compareRecovery } from './compare-recovery.ts';
import { compareRuns, comparisonText } from './compare-runs.ts';
import { recoveryReport } from './recovery-report.ts';
import { runReport, runReportText } from './run-report.ts';

function attemptOf(instance: number, attempt: number, resolved: boolean, interventions = 0): AttemptRecord {
  const usage = { inputUncached: 1, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 1, reasoning: null };
  const instanceId = `i-${instance}`;
  return {
    instanceId,
    attempt,
    repo: `repo-${instance % 7}`,
    state: 'finished',
    environmentDigest: null,
    outcome: { status: 'done', steps: 1 },
    totals: {
      steps: 1,
      usage,
      usd: 0.01,
      unknownCosts: 0,
      wallMs: 1,
      workingMs: 1,
      ...(interventions > 0 ? { interventions } : {}),
    },
    patchDigest: null,
    patchBytes: 0,
    report: {
      instanceId,
      verdict: resolved ? 'resolved' : 'unresolved',
      resolved,
      patchApplied: true,
      failToPass: { success: [], failure: [] },
      passToPass: { success: [], failure: [] },
      testsSeen: 1,
      exitCode: 0,
      durationMs: 1,
      restoredFiles: [],
      gradeDigest: 'sha256:g',
    },
  };
}

function runOf(manifest: RunManifest, attempts: AttemptRecord[]): RunRecord {
  return { manifest, status: 'completed', attempts, dir: '/nowhere' };
}
const recovering = (runId: string, more: object = {}, attempts = 1) =>
  manifestOf(runId, [], { attempts, model: { id: 'm', parameters: { recover: true, ...more } } });
const plain = (runId: string, parameters: Record<string, unknown> = {}) =>
  manifestOf(runId, [], { model: { id: 'm', parameters } });

/** Every instance twice, with and without recovery by lot; recovery adds `effect` to a chance that depends on the instance, and steps in where the attempt would else have failed. */
function randomised(effect: number, seed: number, instances = 60, perInstance = 2): RunRecord {
  const manifest = recovering(`run-${seed}`, { recoverShare: 0.5 }, perInstance);
  const random = seededRandom(seed);
  const attempts = Array.from({ length: instances }, (_, instance) => {
    const chance = 0.1 + 0.6 * random.uniform();
    return Array.from({ length: perInstance }, (_none, at) => {
      const ref = { instanceId: `i-${instance}`, attempt: at + 1 };
      const on = isTreated({ runId: manifest.runId, attempts: perInstance, share: 0.5 }, ref);
      const resolved = random.uniform() < chance + (on ? effect : 0);
      return attemptOf(instance, at + 1, resolved, on && random.uniform() < 1 - chance ? 1 : 0);
    });
  }).flat();
  return runOf(manifest, attempts);
}

const effectIn = ({ manifest, attempts }: RunRecord) => recoveryReport(manifest, attempts, attempts)?.effect;

test('by lot, the interval holds the true effect in about 95 of 100 runs, though who needs recovery does worse', () => {
  let [held, naive] = [0, 0];
  for (let seed = 1; seed <= 100; seed++) {
    const run = randomised(0.2, seed);
    const report = recoveryReport(run.manifest, run.attempts, run.attempts);
    const effect = report?.effect;
    expect(effect).toMatchObject({ basis: 'within instances', units: 60 });
    if (effect == null || report === null) continue;
    if (effect.difference.low <= 0.2 && effect.difference.high >= 0.2) held++;
    naive += report.with.rate.value - report.without.rate.value;
  }
  expect(held / 100).toBeGreaterThan(0.87);
  // Attempts with interventions against those without say something else than the effect.
  expect(Math.abs(naive / 100 - 0.2)).toBeGreaterThan(0.04);
});

test('where no instance has both, attempts are compared as independent ones', () => {
  const effect = effectIn(randomised(0.3, 4, 200, 1));
  expect(effect).toMatchObject({ basis: 'between attempts', units: 200, share: 0.5 });
  expect(effect?.difference.low).toBeLessThan(0.3);
  expect(effect?.difference.high).toBeGreaterThan(0.3);
});

test('without a lot there are groups with intervals and no effect; without recovery there is no report', () => {
  const attempts = [attemptOf(1, 1, true), attemptOf(2, 1, false, 2), attemptOf(3, 1, false, 1)];
  const report = runReport(runOf(recovering('r'), attempts));
  expect(report.recovery).toMatchObject({
    interventions: 3,
    attempts: 2,
    with: { resolved: 0, judged: 2 },
    without: { resolved: 1, judged: 1 },
    effect: null,
  });
  const text = runReportText(report);
  expect(text).toContain('recovery stepped in 3 times in 2 attempts: 0 of 2 resolved, 0.0 % [0.0 %, 65.8 %]');
  expect(text).toContain('that is not the effect of recovery');
  expect(runReport(runOf(plain('r'), [attemptOf(1, 1, true)])).recovery).toBeUndefined();
  expect(runReportText(runReport(randomised(0.2, 9)))).toMatch(
    /on by lot: \d+ of 60 resolved, .*; effect of recovery [+-]\d+\.\d points \[.*\], within 60 instances/,
  );
});

test('two runs: the difference at the instances of both, and what else differs', () => {
  const instances = Array.from({ length: 30 }, (_, i) => i);
  const on = runOf(
    recovering('on'),
    instances.map((i) => attemptOf(i, 1, i % 3 !== 0)),
  );
  const off = runOf(
    plain('off'),
    instances.slice(0, 24).map((i) => attemptOf(i, 1, i % 2 === 0)),
  );
  for (const compared of [compareRecovery(on, off), compareRecovery(off, on)]) {
    expect(compared).toMatchObject({ on: 'on', off: 'off', instances: 24, alsoDiffers: [] });
    expect(compared?.difference.value).toBeCloseTo(16 / 24 - 12 / 24, 9);
    expect(compared?.difference.low).toBeLessThan(4 / 24);
    expect(compared?.difference.high).toBeGreaterThan(4 / 24);
  }
  expect(comparisonText(compareRuns([on, off]))).toContain('recovery in on, none in off: +16.7 points [');
  const warmer = compareRecovery(on, runOf(plain('off', { temperature: 1 }), off.attempts));
  expect(warmer?.alsoDiffers).toEqual(['parameters']);
  expect(warmer === null ? '' : comparedRecoveryText(warmer)).toContain('no effect of recovery alone');
  expect(compareRecovery(off, runOf(plain('other'), off.attempts))).toBeNull();
  expect(compareRecovery(runOf(recovering('lot', { recoverShare: 0.5 }), on.attempts), off)).toBeNull();
});
