/** What an environment stands on: this machine's own programs, or an image. */
import { digestOf } from '../base/digest.ts';
import {
  AssayError,
  type SandboxBackend,
  type SandboxBase,
  type SandboxLimits,
  type TaskInstance,
} from '../contracts/index.ts';
import { exec } from '../sandbox/exec.ts';
import type { HostBase } from '../sandbox/host-base.ts';
import { SANDBOX_HOME } from './build-env.ts';
import { requireTools } from './tool-check.ts';

export interface EnvironmentBase {
  base: SandboxBase;
  /** Equal digests are interchangeable. */
  digest: string;
  /** PATH inside. */
  path: string;
  home: string;
  /** Variables of the image, but PATH and HOME. */
  env: Record<string, string>;
  /** Of the image; `/` on the host's programs. */
  workdir: string;
}

/** What a system without a word about it has; also what container engines set. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Throws `environment-tool-missing` when a program that the task needs is not on the host; of an image see `requireToolsInside`. */
export async function hostEnvironmentBase(instance: TaskInstance, host: HostBase): Promise<EnvironmentBase> {
  requireTools(instance, host);
  return hostAsBase(host);
}

export function hostAsBase({ digest, path }: HostBase): EnvironmentBase {
  return { base: { kind: 'host' }, digest, path, home: SANDBOX_HOME, env: {}, workdir: '/' };
}

/** The image is fetched when it is not there. From then on it is named by its digest, so that a tag that moves changes nothing halfway. */
export async function imageEnvironmentBase(
  reference: string,
  backend: SandboxBackend,
  signal?: AbortSignal,
): Promise<EnvironmentBase> {
  const { digest, env, workdir } = await backend.describeImage(reference, signal);
  const { PATH = DEFAULT_PATH, HOME = '/root', ...rest } = env;
  return {
    base: { kind: 'image', reference: digest },
    digest: digestOf({ image: digest, backend: backend.name }),
    path: PATH,
    home: HOME,
    env: rest,
    workdir,
  };
}

/** Programs that building and grading call, on top of what the task names. */
const ALWAYS = ['bash', 'git', 'find', 'tar', 'sha256sum', 'awk', 'grep', 'xargs'];

/** Throws `environment-tool-missing` naming what the image lacks. */
export async function requireToolsInside(
  instance: TaskInstance,
  { base, path, env }: EnvironmentBase,
  { backend, limits, signal }: { backend: SandboxBackend; limits: SandboxLimits; signal: AbortSignal },
): Promise<void> {
  const tools = [...new Set([...ALWAYS, ...instance.task.environment.tools])];
  const sandbox = await backend.create(
    {
      base,
      layers: [],
      limits,
      network: 'none',
      env: { ...env, PATH: path },
      workdir: '/',
      labels: { purpose: 'check of an image' },
    },
    signal,
  );
  try {
    const script = 'for tool; do command -v "$tool" > /dev/null || echo "$tool"; done';
    const argv = ['/bin/sh', '-c', script, 'sh', ...tools];
    const result = await exec(sandbox, argv, { timeoutSeconds: 60 }).catch(withoutShell);
    const missing = result === 'no shell' ? ['/bin/sh'] : result.stdout.toString().split('\n').filter(Boolean);
    if (missing.length === 0) return;
    throw new AssayError(
      'environment-tool-missing',
      `${instance.instanceId}: its image ${instance.task.environment.image} has no ${missing.join(', ')}.`,
      { class: 'task', retryable: false, hint: 'Name an image that has them: grading calls git and GNU tools inside.' },
    );
  } finally {
    await sandbox.destroy();
  }
}

/** An image need not hold any program. */
function withoutShell(error: unknown): 'no shell' {
  if (error instanceof AssayError && error.code === 'sandbox-spawn-failed') return 'no shell';
  throw error;
}
