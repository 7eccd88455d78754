/** Attempts as training rows. Pure. */
import type { GradedAttempt } from '../data/load-attempts.ts';
import { type ExtractedFeatures, extractFeatures, FEATURES, toRow } from '../features/extract-features.ts';
import type { FeatureGroup } from '../features/feature.ts';
import type { Rows } from '../learn/rows.ts';
import { tdTargets } from './td-targets.ts';

/** A graded attempt with its features. */
export interface Example {
  attempt: GradedAttempt;
  features: ExtractedFeatures;
}

export function toExample(attempt: GradedAttempt): Example {
  return { attempt, features: extractFeatures(attempt.trajectory) };
}

export function featureNames(groups: readonly FeatureGroup[]): string[] {
  return FEATURES.filter(({ group }) => groups.includes(group)).map(({ name }) => name);
}

/** One row per attempt, as it ended. */
export function finalRows(examples: readonly Example[], names: readonly string[]): Rows {
  return {
    x: examples.map(({ features }) => toRow(features.final, names)),
    y: examples.map(({ attempt }) => Number(attempt.resolved)),
    weight: examples.map(() => 1),
  };
}

/** Turns of one attempt that stand for all of them: long attempts are much alike from turn to turn. */
const TURNS_PER_ATTEMPT = 6;

/** A few turns of each attempt, evenly spread with the last among them, weighing one attempt together; targets by temporal difference. */
export function turnRows(examples: readonly Example[], names: readonly string[], gamma: number): Rows {
  const rows: { x: number[][]; y: number[]; weight: number[] } = { x: [], y: [], weight: [] };
  for (const { attempt, features } of examples) {
    const targets = tdTargets(features.turns.length, attempt.resolved, gamma);
    const picked = spread(features.turns.length, TURNS_PER_ATTEMPT);
    for (const at of picked) {
      rows.x.push(toRow(features.turns[at] ?? {}, names));
      rows.y.push(targets[at] ?? 0);
      rows.weight.push(1 / picked.length);
    }
  }
  return rows;
}

export function joinRows(a: Rows, b: Rows): Rows {
  return {
    x: [...a.x, ...b.x],
    y: [...Array.from(a.y), ...Array.from(b.y)],
    weight: [...Array.from(a.weight), ...Array.from(b.weight)],
  };
}

/** At most `count` of 0 .. size - 1, evenly spread, the last always among them. */
function spread(size: number, count: number): number[] {
  if (size <= count) return Array.from({ length: size }, (_, i) => i);
  return Array.from({ length: count }, (_, i) => Math.ceil(((i + 1) * size) / count) - 1);
}
