/** The sandbox of an attempt: its description, and what its sudden end means. */
import type {
  AttemptRef,
  BuiltEnvironment,
  Failure,
  RunManifest,
  SandboxEnd,
  SandboxLimits,
  SandboxSpec,
  TaskInstance,
} from '../contracts/index.ts';
import { WORKSPACE_ENV } from '../sandbox/workspace.ts';

/** The run's limits, with what the task asks for in their place. */
export function sandboxLimitsFor(limits: SandboxLimits, instance: TaskInstance): SandboxLimits {
  const wanted = Object.entries(instance.task.limits ?? {}).filter(([, value]) => value !== undefined);
  return { ...limits, ...Object.fromEntries(wanted) };
}

/** An agent's sandbox: the environment's layers, no network. */
export function attemptSpec(
  manifest: RunManifest,
  ref: AttemptRef,
  instance: TaskInstance,
  environment: BuiltEnvironment,
): SandboxSpec {
  return {
    base: environment.base,
    layers: environment.layers,
    limits: sandboxLimitsFor(manifest.sandboxLimits, instance),
    network: 'none',
    env: { ...WORKSPACE_ENV, ...environment.env },
    workdir: environment.workdir,
    labels: { run: manifest.runId, instance: ref.instanceId, attempt: String(ref.attempt), purpose: 'solve' },
  };
}

/** A limit that the agent's own commands reached ends its attempt like any other limit; null when the sandbox went away for another reason. */
export function limitOfEnd(end: SandboxEnd): Failure | null {
  if (end.reason === 'disk-limit') {
    return { code: 'sandbox-disk-full', class: 'limit', message: end.message, retryable: false };
  }
  if (end.reason === 'wall-limit') {
    return { code: 'limit-wall-time', class: 'limit', message: end.message, retryable: false };
  }
  return null;
}
