/** A sandbox in a pod: everything goes through the one session with its agent, only its life through the cluster. */
import { AssayError, type LimitsInForce, type SandboxUsage } from '../../contracts/index.ts';
import { AgentSandbox, type AgentSandboxOptions } from '../docker/agent-sandbox.ts';
import { exec } from '../exec.ts';
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

export interface KubernetesSandboxOptions extends Omit<AgentSandboxOptions, 'id' | 'limitsInForce'> {
  pod: SandboxPod;
  /** The pod ended by itself. */
  onFailure(failure: PodFailure): void;
}

/** The cluster may know why the stream of a pod ended, a moment after it did. */
const REASON_MS = 3_000;
const USAGE_SECONDS = 20;

export class KubernetesSandbox extends AgentSandbox {
  readonly backend = 'kubernetes';
  readonly tier = 'pod';
  private readonly options: KubernetesSandboxOptions;

  constructor(options: KubernetesSandboxOptions) {
    super({ ...options, id: options.pod.name, limitsInForce: POD_LIMITS });
    this.options = options;
    void options.pod.failed.then((failure) => this.endByFailure(failure));
    void options.agent.ended.then((reason) => this.endByCut(reason));
  }

  async pause(): Promise<void> {
    throw noFreezer();
  }

  async resume(): Promise<void> {
    throw noFreezer();
  }

  protected async measure(): Promise<SandboxUsage | undefined> {
    const argv = ['/bin/sh', '-c', USAGE_SCRIPT];
    const told = await exec(this, argv, { cwd: '/', timeoutSeconds: USAGE_SECONDS }).catch(withoutShell);
    return told === undefined ? undefined : parseUsage(told.stdout.toString());
  }

  protected async tearDown(): Promise<void> {
    this.options.agent.close();
    await this.options.pod.remove();
  }

  private endByFailure(failure: PodFailure): void {
    if (!this.isAlive) return;
    this.options.onFailure(failure);
    this.endBy(sandboxEnd(failure));
  }

  /** The session ended first: its pod may be about to say why. */
  private async endByCut(reason: string): Promise<void> {
    if (!this.isAlive) return;
    const late = new Promise<undefined>((resolve) => setTimeout(resolve, REASON_MS, undefined).unref());
    const failure = await Promise.race([this.options.pod.failed, late]);
    if (failure === undefined) this.endBy({ reason: 'died', message: reason });
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
