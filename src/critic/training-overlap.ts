/** What a critic is asked about and was trained on. Pure. */
import type { Critic, RunManifest } from '../contracts/index.ts';

/** Names on both sides. */
export interface TrainingOverlap {
  runs: string[];
  repositories: string[];
  instances: string[];
}

/** Null when the critic was not trained, or on nothing of these runs. */
export function trainingOverlap(
  { trainedOn }: Critic,
  runs: readonly Pick<RunManifest, 'runId' | 'dataset'>[],
): TrainingOverlap | null {
  if (trainedOn === undefined) return null;
  const instances = runs.flatMap(({ dataset }) => dataset.instances);
  const both = (own: readonly string[], seen: readonly string[]) => {
    const known = new Set(seen);
    return [...new Set(own)].filter((name) => known.has(name)).sort();
  };
  const overlap = {
    runs: both(
      runs.map(({ runId }) => runId),
      trainedOn.runs,
    ),
    repositories: both(
      instances.map(({ repo }) => repo),
      trainedOn.repositories,
    ),
    instances: both(
      instances.map(({ instanceId }) => instanceId),
      trainedOn.instances ?? [],
    ),
  };
  return Object.values(overlap).every((names) => names.length === 0) ? null : overlap;
}

/** One line that says the worst of it, and what to do. */
export function overlapWarning(critic: string, { runs, repositories, instances }: TrainingOverlap): string {
  const what =
    runs.length > 0
      ? `these very attempts (${named(runs)}): its scores of them, and what is chosen or drawn by these scores, are no measurement`
      : instances.length > 0
        ? `other attempts at ${instances.length} of these instances (${named(instances)}): its scores are better here than elsewhere`
        : `${repositories.length} of these repositories (${named(repositories)}): its scores may be better here than elsewhere`;
  return `the critic ${critic} was trained on ${what}. \`assay critic eval\` holds out what it scores.`;
}

function named(names: readonly string[]): string {
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', ...' : ''}`;
}
