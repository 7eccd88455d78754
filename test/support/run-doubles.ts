/**
 * Doubles around a run: a backend over `HostSandbox`, environments that need no building, a model that answers by call key and counts what it is asked, a grader
 * that compares. The agent is the real one. A task is solved by `answer.txt` holding the instance's id once per line, as many lines as it has steps.
 */
import { createTwoToolAgent } from '../../src/agent/two-tool-agent.ts';
import {
  AssayError,
  type BackendProbe,
  type BuiltEnvironment,
  type EnvironmentBuilder,
  type GradeReport,
  type Model,
  type ModelReply,
  type Sandbox,
  type SandboxBackend,
  type SandboxEnd,
  type TaskInstance,
  taskFileSchema,
} from '../../src/contracts/index.ts';
import type { CapturePatch, GradeAttempt, OpenWorkspace, RunPorts } from '../../src/run/ports.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { openWorkspace } from '../../src/sandbox/workspace.ts';
import { HostSandbox } from './host-sandbox.ts';
import { replyOf } from './run-fixtures.ts';

export function instanceOf(instanceId: string): TaskInstance {
  return {
    instanceId,
    task: taskFileSchema.parse({
      id: 'double',
      title: 'double',
      repo: 'repo',
      language: 'javascript',
      source: { folder: 'x' },
      grading: { command: 'true', parser: 'tap', failToPass: ['a'] },
    }),
    dir: '/nowhere',
    problemStatement: `Solve ${instanceId}.`,
    images: [],
    hiddenFiles: [],
    digest: `digest of ${instanceId}`,
  };
}

export function environmentOf(instanceId: string): BuiltEnvironment {
  const digest = `environment of ${instanceId}`;
  const base = { kind: 'host' } as const;
  return { digest, base, layers: [], workdir: '/testbed', env: {}, baseCommit: 'c0ffee', cached: false, buildMs: 1 };
}

/** Counts sandboxes; `onCreate` may throw, `end` ends a sandbox from outside. */
export class HostBackend implements SandboxBackend {
  readonly name = 'host-test';
  open = 0;
  peak = 0;
  created: string[] = [];
  available = true;
  onCreate: (purpose: string, instance: string) => void = () => {};

  async probe(): Promise<BackendProbe> {
    return { backend: this.name, available: this.available, notes: this.available ? [] : ['It is switched off.'] };
  }
  async create(spec: Sandbox['spec']): Promise<Sandbox> {
    this.onCreate(spec.labels?.purpose ?? 'grade', spec.labels?.instance ?? '');
    const sandbox = new HostSandbox();
    this.created.push(sandbox.id);
    this.open++;
    this.peak = Math.max(this.peak, this.open);
    void sandbox.closed.then(() => {
      this.open--;
    });
    return sandbox;
  }
  async describeImage(): Promise<never> {
    throw new Error('the host test double runs no images');
  }
  async hasLayer(): Promise<boolean> {
    return true;
  }
  async removeLayer(): Promise<boolean> {
    return true;
  }
  async gc() {
    return { sandboxes: 0, processes: 0, mounts: 0, cgroups: 0, bytes: 0 };
  }
  async close(): Promise<void> {}
}

/** The same sandbox, reported as ended for `reason` as soon as it is asked for a patch. */
export function endedBy(sandbox: Sandbox, reason: SandboxEnd['reason']): Sandbox {
  return new Proxy(sandbox, {
    get: (target, key) => {
      if (key === 'closed') return Promise.resolve({ reason, message: `ended by ${reason}` });
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** What the model says at a step: a command, or `null` for the last word. */
export function scriptedReply(instanceId: string, step: number, steps: number): ModelReply {
  if (step > steps) return replyOf(`${instanceId} is done.`);
  const input = { command: `echo ${instanceId} >> answer.txt; echo step ${step}` };
  return replyOf('', {
    message: { role: 'assistant', content: [{ type: 'tool-call', id: `call-${step}`, name: 'bash', input }] },
    stopReason: 'tool-use',
  });
}

export class CountingModel implements Model {
  readonly id = 'double/model';
  readonly contextTokens = null;
  /** How often each call key was answered: what would have been paid. */
  readonly paid = new Map<string, number>();
  closed = 0;
  /** Called before each answer; may throw or wait. */
  before: (instanceId: string, step: number, signal: AbortSignal) => void | Promise<void> = () => {};
  private readonly steps: number;

  constructor(steps = 3) {
    this.steps = steps;
  }
  async complete(_request: unknown, call: { callKey: string; signal: AbortSignal }): Promise<ModelReply> {
    const [, instanceId = '', , step = '0'] = call.callKey.split('/');
    await this.before(instanceId, Number(step), call.signal);
    this.paid.set(call.callKey, (this.paid.get(call.callKey) ?? 0) + 1);
    return scriptedReply(instanceId, Number(step), this.steps);
  }
  async close(): Promise<void> {
    this.closed++;
  }
  get paidTwice(): string[] {
    return [...this.paid].filter(([, count]) => count > 1).map(([key]) => key);
  }
}

export const environments: EnvironmentBuilder = {
  ensure: async (instance) => environmentOf(instance.instanceId),
  gold: async (instance) => `${instance.instanceId}\n`.repeat(3),
};

/** The folder differs from sandbox to sandbox here, which must not show in prompts: requests have to be the same after a resume. */
export const openWorkspaceDouble: OpenWorkspace = (sandbox) => ({ ...openWorkspace(sandbox), workdir: '/testbed' });

export const captureAnswer: CapturePatch = async (sandbox, { signal }) =>
  (await exec(sandbox, ['sh', '-c', 'cat answer.txt 2>/dev/null || true'], { signal })).stdout.toString();

/** In a sandbox of its own: writes the patch there and compares. */
export const gradeByComparing = async (
  { instance, environment, patch, backend, limits, signal }: Parameters<GradeAttempt>[0],
  { gold }: Pick<EnvironmentBuilder, 'gold'> = environments,
): ReturnType<GradeAttempt> => {
  const sandbox = await backend.create({
    base: environment.base,
    layers: environment.layers,
    limits,
    network: 'none',
    env: {},
    workdir: environment.workdir,
    labels: { instance: instance.instanceId, purpose: 'grade' },
  });
  try {
    const expected = await gold(instance, signal);
    const { stdout } = await exec(sandbox, ['cat'], { input: patch, signal });
    const resolved = stdout.toString() === expected;
    return { report: reportOf(instance.instanceId, resolved, patch), testOutput: `ok ${resolved}`, evalScript: 'cat' };
  } finally {
    await sandbox.destroy();
  }
};

export function reportOf(instanceId: string, resolved: boolean, patch: string): GradeReport {
  return {
    instanceId,
    verdict: resolved ? 'resolved' : patch === '' ? 'empty-patch' : 'unresolved',
    resolved,
    patchApplied: patch !== '',
    failToPass: resolved ? { success: ['a'], failure: [] } : { success: [], failure: ['a'] },
    passToPass: { success: [], failure: [] },
    testsSeen: 1,
    exitCode: resolved ? 0 : 1,
    durationMs: 1,
    restoredFiles: [],
    gradeDigest: `grade of ${instanceId}`,
  };
}

export function portsOf(model: Model, backend: SandboxBackend, more: Partial<RunPorts> = {}): RunPorts {
  return {
    backend,
    environments,
    agent: createTwoToolAgent(),
    openModel: async () => model,
    capturePatch: captureAnswer,
    openWorkspace: openWorkspaceDouble,
    gradeAttempt: gradeByComparing,
    ...more,
  };
}

export function infra(code: 'sandbox-died' | 'sandbox-create-failed' | 'internal', message = 'gone'): AssayError {
  return new AssayError(code, message, { class: 'infra', retryable: true });
}
