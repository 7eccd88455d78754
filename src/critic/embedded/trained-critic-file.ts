/** Trained heads with the card of their training. */
import type { RunRecord } from '../../contracts/index.ts';
import { type LoadedAttempts, leftOut } from '../data/load-attempts.ts';
import { measureByAgent } from '../evaluate/measure.ts';
import { FEATURE_VERSION, FEATURES } from '../features/extract-features.ts';
import { calibrated } from '../learn/calibration.ts';
import type { CriticFile } from './critic-file.ts';
import type { Example } from './example.ts';
import { calibrationFolds, heldOutLogits, type TrainedHeads, type TrainOptions } from './train-critic.ts';

export interface TrainedCritic {
  heads: TrainedHeads;
  examples: readonly Example[];
  loaded: LoadedAttempts;
  runs: readonly RunRecord[];
  options: TrainOptions;
  assayVersion: string;
}

export function trainedCriticFile({ heads, examples, loaded, runs, options, assayVersion }: TrainedCritic): CriticFile {
  const { split, folds } = calibrationFolds(examples);
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
      leftOut: leftOut(loaded),
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
