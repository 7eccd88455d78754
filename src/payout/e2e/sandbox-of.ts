import type { Sandbox } from '../../contracts/index.ts';
import type { GradeAttemptInput } from '../../grading/grade-attempt.ts';

/** Time for everything around the tests themselves. */
const SET_UP_SECONDS = 300;

/** A fresh sandbox of the task's environment, offline. The caller destroys it. */
export function sandboxOf(
  { backend, environment, instance, limits }: Omit<GradeAttemptInput, 'patch' | 'signal'>,
  purpose: string,
): Promise<Sandbox> {
  const { timeoutSeconds, app } = instance.task.grading;
  return backend.create({
    base: environment.base,
    layers: environment.layers,
    limits: { ...limits, wallSeconds: timeoutSeconds + (app?.readySeconds ?? 0) + SET_UP_SECONDS },
    network: 'none',
    env: environment.env,
    workdir: environment.workdir,
    labels: { purpose, instance: instance.instanceId },
  });
}
