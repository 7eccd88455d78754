/** A sandbox in a pod: everything goes through the one session with its agent, only its life through the cluster. */
import {
  AssayError,
  type LayerRef,
  type LimitsInForce,
  type Sandbox,
  type SandboxEnd,
  type SandboxProcess,
  type SandboxSpec,
  type SandboxUsage,
  type SpawnOptions,
} from '../../contracts/index.ts';
import { demandForkCount } from '../demand-fork-count.ts';
import type { AgentConnection } from '../docker/agent-connection.ts';
import { sandboxDied } from '../docker/agent-process.ts';
import { exec } from '../exec.ts';
import { forkByLayer } from '../fork-by-layer.ts';
import { parseUsage, USAGE_SCRIPT } from './cgroup-usage.ts';
import { type PodFailure, sandboxEnd } from './pod-failure.ts';
import type { SandboxPod } from './sandbox-pod.ts';

/** Pids: pods have no such limit of their own, the kubelet's `podPidsLimit` holds. */
export const POD_LIMITS: LimitsInForce = {
  memory: 'engine',
  pids: 'none',
  cpu: 'engine',
  disk: 'engine',
  wall: 'timer',
};

export interface KubernetesSandboxOptions {
  spec: SandboxSpec;
  pod: SandboxPod;
  agent: AgentConnection;
  /** Makes a layer of the files as they are; nothing runs any more. */
  storeLayer(): Promise<LayerRef>;
  create(spec: SandboxSpec): Promise<Sandbox>;
  /** The pod ended by itself. */
  onFailure(failure: PodFailure): void;
  onEnd(): void;
}

/** The cluster may know why the stream of a pod ended, a moment after it did. */
const REASON_MS = 3_000;
const USAGE_SECONDS = 20;

export class KubernetesSandbox implements Sandbox {
  readonly id: string;
  readonly backend = 'kubernetes';
  readonly tier = 'pod';
  readonly limitsInForce = POD_LIMITS;
  readonly spec: SandboxSpec;
  readonly closed: Promise<SandboxEnd>;
  private readonly options: KubernetesSandboxOptions;
  private readonly wall: NodeJS.Timeout;
  private resolveClosed: (end: SandboxEnd) => void = () => {};
  private ending: Promise<void> | null = null;
  private lastUsage: SandboxUsage = parseUsage('');

  constructor(options: KubernetesSandboxOptions) {
    this.options = options;
    this.id = options.pod.name;
    this.spec = options.spec;
    this.closed = new Promise((resolve) => {
      this.resolveClosed = resolve;
    });
    const { wallSeconds } = options.spec.limits;
    this.wall = setTimeout(
      () => this.endBy({ reason: 'wall-limit', message: `its ${wallSeconds} s are over` }),
      Math.min(wallSeconds * 1000, 2 ** 31 - 1),
    );
    this.wall.unref();
    void options.pod.failed.then((failure) => this.endByFailure(failure));
    void options.agent.ended.then((reason) => this.endByCut(reason));
  }

  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<SandboxProcess> {
    if (this.ending !== null) throw sandboxDied();
    return this.options.agent.spawn({
      argv,
      cwd: options.cwd ?? this.spec.workdir,
      env: { ...this.spec.env, ...options.env },
      merge: options.stderr === 'merge',
    });
  }

  async snapshot(): Promise<LayerRef> {
    if (this.ending !== null) throw sandboxDied();
    await this.options.agent.killAll();
    const layer = await this.options.storeLayer();
    await this.destroy();
    return layer;
  }

  async fork(count = 1): Promise<Sandbox[]> {
    demandForkCount(count);
    if (this.ending !== null) throw sandboxDied();
    await this.options.agent.killAll();
    const { storeLayer, create } = this.options;
    return forkByLayer({ parent: this, count, storeLayer, create });
  }

  async pause(): Promise<void> {
    throw noFreezer();
  }

  async resume(): Promise<void> {
    throw noFreezer();
  }

  async usage(): Promise<SandboxUsage> {
    if (this.ending !== null) return this.lastUsage;
    const argv = ['/bin/sh', '-c', USAGE_SCRIPT];
    const told = await exec(this, argv, { cwd: '/', timeoutSeconds: USAGE_SECONDS }).catch(withoutShell);
    if (told !== undefined) this.lastUsage = parseUsage(told.stdout.toString());
    return this.lastUsage;
  }

  destroy(): Promise<void> {
    return this.finish({ reason: 'destroyed', message: 'destroyed' });
  }

  private endByFailure(failure: PodFailure): void {
    if (this.ending !== null) return;
    this.options.onFailure(failure);
    this.endBy(sandboxEnd(failure));
  }

  /** The session ended first: its pod may be about to say why. */
  private async endByCut(reason: string): Promise<void> {
    if (this.ending !== null) return;
    const late = new Promise<undefined>((resolve) => setTimeout(resolve, REASON_MS, undefined).unref());
    const failure = await Promise.race([this.options.pod.failed, late]);
    if (failure === undefined) this.endBy({ reason: 'died', message: reason });
  }

  /** An end that nobody asked for: when the cluster does not remove the pod now, it does when its owner's lease or its deadline ends. */
  private endBy(end: SandboxEnd): void {
    this.finish(end).catch(() => {});
  }

  private finish(end: SandboxEnd): Promise<void> {
    this.ending ??= (async () => {
      clearTimeout(this.wall);
      this.options.agent.close();
      try {
        await this.options.pod.remove();
      } finally {
        this.options.onEnd();
        this.resolveClosed(end);
      }
    })();
    return this.ending;
  }
}

function noFreezer(): AssayError {
  return new AssayError('sandbox-unavailable', 'Kubernetes cannot pause a pod', { class: 'infra', retryable: false });
}

/** An image need not hold a shell: nothing is measured then. */
function withoutShell(error: unknown): undefined {
  if (error instanceof AssayError && error.code === 'sandbox-spawn-failed') return undefined;
  throw error;
}
