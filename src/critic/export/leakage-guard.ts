/** Keeps training data apart from what a critic will be measured on. Pure. */
import type { RunManifest } from '../../contracts/index.ts';
import { type GradedAttempt, usable } from '../data/load-attempts.ts';

/** `repository`: nothing of a repository of the evaluation set. `instance`: none of its instances. */
export type Guard = 'repository' | 'instance';

export interface Guarded {
  kept: GradedAttempt[];
  /** Left out because the evaluation set has its repository or instance. */
  overlapping: number;
}

/** Attempts that tell their verdict, or whose patch is not known, are never kept. */
export function guardLeakage(
  attempts: readonly GradedAttempt[],
  evaluation: readonly RunManifest[],
  guard: Guard,
): Guarded {
  const instances = evaluation.flatMap(({ dataset }) => dataset.instances);
  const taken = new Set(instances.map(({ repo, instanceId }) => (guard === 'repository' ? repo : instanceId)));
  const honest = attempts.filter(usable);
  const kept = honest.filter(
    ({ trajectory }) => !taken.has(guard === 'repository' ? trajectory.repo : trajectory.instanceId),
  );
  return { kept, overlapping: honest.length - kept.length };
}
