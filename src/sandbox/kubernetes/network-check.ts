/**
 * Whether the cluster keeps pods from the network as its policies say: many clusters accept policies that nobody enforces, and where a plug-in does, each node does
 * it for itself. Asked once per node, of a real pod.
 */
import { AssayError } from '../../contracts/index.ts';
import { AGENT } from './pod-spec.ts';
import type { SandboxPod } from './sandbox-pod.ts';

/** Policies may take hold a moment after the pod started. */
const TRIES = 5;
/** As `agent reach` ends; see `container-agent/reach.h`. */
const REACHED = 0;
const NOT_REACHED = 1;

export class NetworkCheck {
  private readonly tries: number;
  private readonly held = new Map<string, Promise<void>>();

  constructor({ tries = TRIES }: { tries?: number } = {}) {
    this.tries = tries;
  }

  /** Throws `sandbox-unavailable` when a pod that should have no network reaches the API server, `sandbox-create-failed` when nobody can tell. */
  demandHeld(pod: SandboxPod): Promise<void> {
    const { node } = pod;
    const known = this.held.get(node);
    if (known !== undefined) return known;
    const held = check(pod, this.tries).catch((error: unknown) => {
      this.held.delete(node);
      throw error;
    });
    this.held.set(node, held);
    return held;
  }
}

async function check(pod: SandboxPod, most: number): Promise<void> {
  for (let tries = 1; ; tries++) {
    const { exitCode, message } = await pod.run([AGENT, 'reach']);
    if (exitCode === NOT_REACHED) return;
    if (tries === most) throw exitCode === REACHED ? open(pod.node) : unknown(pod.node, message || `code ${exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 500 * tries));
  }
}

function open(node: string): AssayError {
  const problem = `pods without network reach the API server of this cluster from node ${node}`;
  return new AssayError('sandbox-unavailable', problem, {
    class: 'infra',
    retryable: false,
    hint: 'Apply deploy/kubernetes, whose network policy denies everything, with a network plug-in that enforces policies; or set `networkPolicy: trusted`.',
  });
}

function unknown(node: string, problem: string): AssayError {
  const message = `whether pods on node ${node} are kept from the network could not be found out: ${problem}`;
  return new AssayError('sandbox-create-failed', message, {
    class: 'infra',
    retryable: true,
    hint: 'Where pods are not told of the API server, set `networkPolicy: trusted`.',
  });
}
