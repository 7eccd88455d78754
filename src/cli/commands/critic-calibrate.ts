import { resolve } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { AssayError, type RunRecord } from '../../contracts/index.ts';
import type { CalibrationFile } from '../../critic/calibrated/calibration-file.ts';
import { fitCalibration } from '../../critic/calibrated/fit-calibration.ts';
import { type GradedScores, scoreGraded } from '../../critic/data/score-graded.ts';
import { measure } from '../../critic/evaluate/measure.ts';
import { money } from '../../report/run-report.ts';
import { defineCommand } from '../flag.ts';
import { withInterrupt } from '../interrupt.ts';
import { LIVE_CRITIC_HELP, openLiveCritic } from '../open-critic.ts';
import { print } from '../output.ts';
import { assayVersion } from '../version.ts';
import { loadExamples, RUNS_ARGUMENT, RUNS_DIR } from './critic.ts';

export const criticCalibrateCommand = defineCommand({
  name: 'critic calibrate',
  summary: "learn on graded runs what a critic's scores are worth as probabilities",
  description:
    'Writes readable JSON with its card. Use it as calibrated:FILE wherever a critic is named. Needed for --until-score of a judge to mean a probability.',
  arguments: [RUNS_ARGUMENT],
  flags: {
    by: { kind: 'string', placeholder: 'name', help: `the critic: ${LIVE_CRITIC_HELP}` },
    out: { kind: 'string', default: 'calibration.json', placeholder: 'file', help: 'where to' },
    method: {
      kind: 'string',
      choices: ['platt', 'isotonic'],
      default: 'platt',
      help: 'platt is steadier, isotonic takes any rising form and needs hundreds of attempts',
    },
    runsDir: RUNS_DIR,
  },
  examples: [
    'assay critic calibrate runs/A runs/B --by judge:http://127.0.0.1:8000/v1#model --out judge.json',
    'assay select runs/C --by calibrated:judge.json',
  ],
  async run({ args, flags }) {
    const name = flags.by;
    if (name === undefined)
      throw new AssayError('usage', 'name the critic with --by', { class: 'input', retryable: false });
    const { runs, examples } = await loadExamples(args, flags.runsDir);
    const critic = await openLiveCritic(name);
    try {
      if (critic.calibrated)
        throw new AssayError('usage', `${name} gives probabilities already`, { class: 'input', retryable: false });
      const attempts = examples.map(({ attempt }) => attempt);
      const scores = await withInterrupt((signal) => scoreGraded(critic, attempts, signal), 'nothing is written');
      const file = calibrationFile(name, runs, scores, flags.method === 'isotonic' ? 'isotonic' : 'platt');
      const path = resolve(flags.out);
      await writeFileAtomic(path, `${JSON.stringify(file, null, 1)}\n`);
      const { heldOut, rawAuc, unscored } = file.card;
      print(
        flags.json,
        { path, card: file.card, usd: scores.usd, unknownCosts: scores.unknownCosts },
        `${path}: fitted on ${file.card.attempts} attempts, ${file.card.resolved} resolved, ${unscored} without a score; AUC ${rawAuc?.toFixed(3) ?? 'unknown'}; ` +
          `${heldOutWords(heldOut)}; cost ${money(scores.usd, scores.unknownCosts)}\n`,
      );
      return 0;
    } finally {
      await critic.close();
    }
  },
});

function heldOutWords(heldOut: CalibrationFile['card']['heldOut']): string {
  if (heldOut === null) return 'nothing could be held out to measure it: all attempts are at one instance';
  const { split, brier, ece } = heldOut;
  return `held out by ${split}: Brier ${brier.toFixed(3)}, ECE ${ece.toFixed(3)}`;
}

function calibrationFile(
  critic: string,
  runs: readonly RunRecord[],
  { scored, failures }: GradedScores,
  method: 'platt' | 'isotonic',
): CalibrationFile {
  const outcomes = scored.map(({ attempt }) => attempt.resolved);
  const resolved = outcomes.filter(Boolean).length;
  if (resolved === 0 || resolved === outcomes.length)
    throw new AssayError(
      'usage',
      `of ${outcomes.length} scored attempts ${resolved} are resolved: both kinds are needed`,
      {
        class: 'input',
        retryable: false,
        hint: failures[0]?.failure.message ?? 'Name more graded runs.',
      },
    );
  const trajectories = scored.map(({ attempt }) => attempt.trajectory);
  const { calibration, heldOut } = fitCalibration(scored, method);
  return {
    format: 'assay-critic-calibration',
    formatVersion: 1,
    critic,
    calibration,
    card: {
      fittedAt: new Date().toISOString(),
      assayVersion: assayVersion(),
      runs: runs.map(({ manifest }) => manifest.runId),
      repositories: [...new Set(trajectories.map(({ repo }) => repo))].sort(),
      instanceIds: [...new Set(trajectories.map(({ instanceId }) => instanceId))].sort(),
      attempts: outcomes.length,
      resolved,
      unscored: failures.length,
      rawAuc: measure(
        scored.map(({ score }) => score),
        outcomes,
      ).auc,
      heldOut,
    },
  };
}
