/** Keeps training data apart from what a critic will be measured on. Pure. */
import type { RunManifest } from '../../contracts/index.ts';
import type { GradedAttempt } from '../data/load-attempts.ts';

/** `repository`: nothing of a repository of the evaluation set. `instance`: none of its instances. */
export type Guard = 'repository' | 'instance';

export interface Guarded {
  kept: GradedAttempt[];
  /** Left out because the evaluation set has its repository or instance. */
  overlapping: number;
  /** Left out because the trajectory tells what the hidden tests said. */
  leaking: number;
}

export function guardLeakage(
  attempts: readonly GradedAttempt[],
  evaluation: readonly RunManifest[],
  guard: Guard,
): Guarded {
  const instances = evaluation.flatMap(({ dataset }) => dataset.instances);
  const taken = new Set(instances.map(({ repo, instanceId }) => (guard === 'repository' ? repo : instanceId)));
  const honest = attempts.filter(({ leaks }) => !leaks);
  const kept = honest.filter(
    ({ trajectory }) => !taken.has(guard === 'repository' ? trajectory.repo : trajectory.instanceId),
  );
  return { kept, overlapping: honest.length - kept.length, leaking: attempts.length - honest.length };
}
