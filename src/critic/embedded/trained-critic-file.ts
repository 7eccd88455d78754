/** Trained heads with the card of their training. */
import type { RunRecord } from '../../contracts/index.ts';
import { type LoadedAttempts, leftOut } from '../data/load-attempts.ts';
import { calibrationFolds } from '../evaluate/folds.ts';
import { measureByAgent } from '../evaluate/measure.ts';
import { FEATURE_VERSION, FEATURES } from '../features/extract-features.ts';
import { calibrated } from '../learn/calibration.ts';
import type { CriticFile } from './critic-file.ts';
import type { Example } from './example.ts';
import { heldOutLogits, type TrainedHeads, type TrainOptions } from './train-critic.ts';

/** What a guard by time left out; `before` is the day, as a time in ISO 8601. */
export interface TimeLeftOut {
  before: string;
  later: number;
  undated: number;
}

export interface TrainedCritic {
  heads: TrainedHeads;
  examples: readonly Example[];
  loaded: LoadedAttempts;
  /** When instances from a day on were kept out. */
  time?: TimeLeftOut | undefined;
  runs: readonly RunRecord[];
  options: TrainOptions;
  assayVersion: string;
}

export function trainedCriticFile(trained: TrainedCritic): CriticFile {
  const { heads, examples, loaded, time, runs, options, assayVersion } = trained;
  const { split, folds } = calibrationFolds(examples.map(({ attempt }) => attempt));
  const probabilities = heldOutLogits(examples, options, folds, split).map((logit) =>
    logit === null ? null : calibrated(heads.final.calibration, logit),
  );
  const attemptsUsed = examples.map(({ attempt }) => attempt);
  const trajectories = attemptsUsed.map(({ trajectory }) => trajectory);
  const instanceIds = [...new Set(trajectories.map(({ instanceId }) => instanceId))].sort();
  return {
    format: 'assay-embedded-critic',
    formatVersion: 1,
    featureVersion: FEATURE_VERSION,
    card: {
      trainedAt: new Date().toISOString(),
      assayVersion,
      runs: runs.map(({ manifest }) =>
        runLine(manifest.runId, `${manifest.agent.name}/${manifest.model.id}`, examples),
      ),
      repositories: [...new Set(trajectories.map(({ repo }) => repo))].sort(),
      instances: instanceIds.length,
      instanceIds,
      leftOut: { ...leftOut(loaded), ...(time === undefined ? {} : { time }) },
      options: { ...options, groups: [...options.groups] },
      features: FEATURES.filter(({ group }) => options.groups.includes(group)).map((feature) => ({ ...feature })),
      heldOut: folds < 2 ? null : { split, ...measureByAgent(attemptsUsed, probabilities).all },
    },
    ...heads,
  };
}

function runLine(runId: string, agent: string, examples: readonly Example[]) {
  const own = examples.filter(({ attempt }) => attempt.trajectory.runId === runId);
  return { runId, agent, attempts: own.length, resolved: own.filter(({ attempt }) => attempt.resolved).length };
}
