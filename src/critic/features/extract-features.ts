/** All features of an attempt, and of each of its prefixes. Pure. */
import type { Trajectory } from '../../contracts/index.ts';
import type { FeatureDefinition, FeatureValues } from './feature.ts';
import { ISSUE_FEATURES, issueFeatures } from './issue-features.ts';
import { issueText } from './issue-text.ts';
import { PATCH_FEATURES, patchFeatures } from './patch-features.ts';
import { TRAJECTORY_FEATURES, TrajectoryFold } from './trajectory-features.ts';
import { turnsOf } from './turn.ts';

/** Version of the features' meaning: a critic trained with other ones cannot score. Raise it with every change. */
export const FEATURE_VERSION = 1;

/** Features of how the attempt ended; they belong to the whole attempt, not to a prefix. */
const END_FEATURES: readonly FeatureDefinition[] = [
  { name: 'traj.ended-done', group: 'trajectory', help: '1 when the agent ended by itself' },
  { name: 'traj.ended-limit', group: 'trajectory', help: '1 when a limit ended it' },
];

export const FEATURES: readonly FeatureDefinition[] = [
  ...PATCH_FEATURES,
  ...TRAJECTORY_FEATURES,
  ...END_FEATURES,
  ...ISSUE_FEATURES,
];

export interface ExtractedFeatures {
  /** Of each prefix that ends with an assistant turn and what followed it; without patch and ending. */
  turns: FeatureValues[];
  /** Of the whole attempt. */
  final: FeatureValues;
}

/** The same trajectory gives the same features; nothing but the trajectory is looked at. */
export function extractFeatures(trajectory: Trajectory): ExtractedFeatures {
  const issue = issueText(trajectory);
  const ofIssue = issueFeatures(issue);
  const fold = new TrajectoryFold(issue);
  const turns = turnsOf(trajectory.messages).map((turn) => {
    fold.add(turn);
    return { ...ofIssue, ...fold.values() };
  });
  const status = trajectory.outcome?.status;
  const final = {
    ...(turns.at(-1) ?? ofIssue),
    ...patchFeatures(trajectory.patch, issue),
    ...(status === undefined
      ? {}
      : { 'traj.ended-done': Number(status === 'done'), 'traj.ended-limit': Number(status === 'limit') }),
  };
  return { turns, final };
}

/** Values in the order of `names`; NaN where there is none. */
export function toRow(values: FeatureValues, names: readonly string[]): number[] {
  return names.map((name) => values[name] ?? Number.NaN);
}
