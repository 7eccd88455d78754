/** What running tests on candidates needs from outside. */
import type {
  BuiltEnvironment,
  Model,
  Sandbox,
  SandboxBackend,
  SandboxLimits,
  TaskInstance,
} from '../../contracts/index.ts';

export interface Testing {
  instance: TaskInstance;
  environment: BuiltEnvironment;
  backend: SandboxBackend;
  limits: SandboxLimits;
  signal: AbortSignal;
}

/** A model that is asked about tests, and the prefix of its call keys. */
export interface Adviser {
  model: Model;
  callKey: string;
}

/** A fresh sandbox of the environment, without network; destroyed after `use`. */
export async function withSandbox<T>(testing: Testing, use: (sandbox: Sandbox) => Promise<T>): Promise<T> {
  const { environment, instance, limits } = testing;
  const sandbox = await testing.backend.create({
    base: environment.base,
    layers: environment.layers,
    limits,
    network: 'none',
    env: environment.env,
    workdir: environment.workdir,
    labels: { purpose: 'selection', instance: instance.instanceId },
  });
  try {
    return await use(sandbox);
  } finally {
    await sandbox.destroy();
  }
}
