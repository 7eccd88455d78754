/** Whether the cluster keeps pods from the network as its policies say: many clusters accept policies that nobody enforces. Asked once, of a real pod. */
import { AssayError } from '../../contracts/index.ts';
import { AGENT } from './pod-spec.ts';
import type { SandboxPod } from './sandbox-pod.ts';

/** Policies may take hold a moment after the pod started. */
const TRIES = 5;
const REACHED = 0;

export class NetworkCheck {
  private readonly tries: number;
  private held: Promise<void> | undefined;

  constructor({ tries = TRIES }: { tries?: number } = {}) {
    this.tries = tries;
  }

  /** Throws `sandbox-unavailable` when a pod that should have no network reaches the API server. */
  demandHeld(pod: SandboxPod): Promise<void> {
    this.held ??= check(pod, this.tries).catch((error: unknown) => {
      this.held = undefined;
      throw error;
    });
    return this.held;
  }
}

async function check(pod: SandboxPod, most: number): Promise<void> {
  for (let tries = 1; ; tries++) {
    const { exitCode } = await pod.run([AGENT, 'reach']);
    if (exitCode !== null && exitCode !== REACHED) return;
    if (tries === most) break;
    await new Promise((resolve) => setTimeout(resolve, 500 * tries));
  }
  throw new AssayError('sandbox-unavailable', 'pods without network reach the API server of this cluster', {
    class: 'infra',
    retryable: false,
    hint: 'Apply deploy/kubernetes, whose network policy denies everything, with a network plug-in that enforces policies; or set `networkPolicy: trusted`.',
  });
}
