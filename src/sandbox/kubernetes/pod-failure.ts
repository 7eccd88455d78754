/** Why a pod does not run, read from what the cluster says about it, and what that means for an attempt. */
import { AssayError, type FailureCode, type SandboxEnd } from '../../contracts/index.ts';
import { containerState, type PodView } from './pod-view.ts';

export type PodFailureKind =
  | 'image-not-found'
  | 'image-pull'
  | 'unschedulable'
  | 'rejected'
  | 'start-error'
  | 'out-of-memory'
  | 'memory-pressure'
  | 'disk-limit'
  | 'disk-pressure'
  | 'deadline'
  | 'node-lost'
  | 'removed'
  | 'ended';

export interface PodFailure {
  kind: PodFailureKind;
  message: string;
  /** The cluster still tries; `since`-based patience is the caller's. */
  passing: boolean;
}

/** Failures that more of a resource can cure. A pod that broke its own disk limit is the task's own doing. */
const FOR_WANT_OF_RESOURCES: ReadonlySet<PodFailureKind> = new Set([
  'out-of-memory',
  'memory-pressure',
  'disk-pressure',
]);

export function isResourceFailure({ kind }: PodFailure): boolean {
  return FOR_WANT_OF_RESOURCES.has(kind);
}

/** Undefined while nothing is wrong. */
export function podFailure(pod: PodView): PodFailure | undefined {
  return endOf(pod) ?? obstacleOf(pod);
}

/** A pod that will never run (again). */
function endOf(pod: PodView): PodFailure | undefined {
  const { phase, reason = '', message = '' } = pod.status;
  const terminated = containerState(pod)?.terminated;
  if (phase === 'Failed' && reason === 'Evicted') return { kind: evictionKind(message), message, passing: false };
  if (reason === 'DeadlineExceeded') return { kind: 'deadline', message: said(reason, message), passing: false };
  if (reason === 'NodeLost' || phase === 'Unknown') {
    return { kind: 'node-lost', message: said('the node is lost', message), passing: false };
  }
  if (/^(Out[Oo]f|NodeAffinity|NodeName|NodePorts|UnexpectedAdmissionError|TopologyAffinity|Preempting)/.test(reason)) {
    return { kind: 'rejected', message: said(reason, message), passing: false };
  }
  if (/^(NodeShutdown|Shutdown|Terminated|NodeShutDown)$/.test(reason)) {
    return { kind: 'node-lost', message: said(reason, message), passing: false };
  }
  if (terminated !== undefined) return endOfContainer(terminated);
  if (pod.metadata.deletionTimestamp !== undefined) return removal(pod);
  if (phase === 'Failed' || phase === 'Succeeded') {
    return { kind: 'ended', message: said(reason || phase, message), passing: false };
  }
  return undefined;
}

/** Somebody deleted it: preemption and node drains say so in a condition (Kubernetes 1.26 and later). */
export function removal(pod: PodView): PodFailure {
  const target = pod.status.conditions.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True');
  const why = target === undefined ? 'it was deleted' : said(target.reason ?? 'disrupted', target.message ?? '');
  return { kind: target?.reason === 'DeletionByTaintManager' ? 'node-lost' : 'removed', message: why, passing: false };
}

function endOfContainer(end: {
  reason?: string | undefined;
  message?: string | undefined;
  exitCode?: number | undefined;
}): PodFailure {
  const { reason = '', message = '', exitCode } = end;
  if (reason === 'OOMKilled') {
    return { kind: 'out-of-memory', message: said('the kernel ended it for want of memory', message), passing: false };
  }
  if (/^(StartError|ContainerCannotRun)$/.test(reason)) {
    return { kind: 'start-error', message: said(reason, message), passing: false };
  }
  return { kind: 'ended', message: said(`its agent ended with ${exitCode ?? 'no code'}`, message), passing: false };
}

/** A pod that does not run yet, and why. */
function obstacleOf(pod: PodView): PodFailure | undefined {
  const { reason = '', message = '' } = containerState(pod)?.waiting ?? {};
  if (reason === 'InvalidImageName' || reason === 'ErrImageNeverPull') {
    return { kind: 'image-not-found', message: said(reason, message), passing: false };
  }
  if (/^(ErrImagePull|ImagePullBackOff|RegistryUnavailable|ImageInspectError)$/.test(reason)) {
    const absent = /not found|manifest unknown|does not exist|no such image/i.test(message);
    return absent
      ? { kind: 'image-not-found', message: said(reason, message), passing: false }
      : { kind: 'image-pull', message: said(reason, message), passing: true };
  }
  if (/^(CreateContainerConfigError|CreateContainerError|RunContainerError|CreatePodSandboxError)$/.test(reason)) {
    return { kind: 'start-error', message: said(reason, message), passing: true };
  }
  const scheduled = pod.status.conditions.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') {
    return { kind: 'unschedulable', message: said(scheduled.reason ?? '', scheduled.message ?? ''), passing: true };
  }
  return undefined;
}

/** The kubelet tells in words alone whether the pod broke its own limit or the node was in want. */
function evictionKind(message: string): PodFailureKind {
  if (/low on resource: \[?(ephemeral-storage|inodes)|DiskPressure/i.test(message)) return 'disk-pressure';
  if (/ephemeral|emptyDir|local storage/i.test(message)) return 'disk-limit';
  if (/low on resource: \[?memory|MemoryPressure/i.test(message)) return 'memory-pressure';
  return 'removed';
}

interface Meaning {
  code: FailureCode;
  class: 'infra' | 'input' | 'limit';
  retryable: boolean;
  hint: string;
}

const AGAIN: Omit<Meaning, 'hint'> = { code: 'sandbox-create-failed', class: 'infra', retryable: true };

const MEANINGS: Record<PodFailureKind, Meaning> = {
  'image-not-found': {
    code: 'image-not-found',
    class: 'input',
    retryable: false,
    hint: 'Check the name of the image, and that the nodes can reach its registry.',
  },
  'image-pull': {
    code: 'image-pull-failed',
    class: 'infra',
    retryable: true,
    hint: 'Check the registry and `imagePullSecrets` in the settings of the cluster.',
  },
  unschedulable: {
    ...AGAIN,
    hint: 'No node has room or fits: check quotas, node selectors and tolerations, or ask for less at once.',
  },
  rejected: { ...AGAIN, hint: 'A node refused the pod; another one may take it.' },
  'start-error': {
    ...AGAIN,
    retryable: false,
    hint: 'See `kubectl describe pod`; the nodes must have the architecture that the settings name.',
  },
  'out-of-memory': { ...AGAIN, code: 'sandbox-out-of-memory', hint: 'The next try gets twice the memory.' },
  'memory-pressure': { ...AGAIN, hint: 'The node was in want of memory; the next try reserves twice as much.' },
  'disk-limit': { ...AGAIN, code: 'sandbox-disk-full', hint: 'Raise the disk limit of the task.' },
  'disk-pressure': { ...AGAIN, hint: 'The node was in want of disk; the next try reserves twice as much.' },
  deadline: { ...AGAIN, hint: 'The pod was not ready within its life time; look at the image and the nodes.' },
  'node-lost': { ...AGAIN, hint: 'A new pod starts on another node.' },
  removed: { ...AGAIN, hint: 'Something in the cluster deletes pods: preemption, a drain, a quota, a person.' },
  ended: { ...AGAIN, hint: 'See what the container printed: `kubectl logs`.' },
};

/** What a pod that never came up means. */
export function createError(pod: string, failure: PodFailure): AssayError {
  const { code, class: failureClass, retryable, hint } = MEANINGS[failure.kind];
  return new AssayError(code, `pod ${pod} did not start: ${failure.message}`, {
    class: failureClass,
    retryable,
    hint,
    details: { reason: failure.kind },
  });
}

/** What the end of a running pod means for its sandbox. */
export function sandboxEnd(failure: PodFailure): SandboxEnd {
  const message = `${failure.kind}: ${failure.message}`;
  if (failure.kind === 'disk-limit') return { reason: 'disk-limit', message };
  if (failure.kind === 'deadline') return { reason: 'wall-limit', message };
  return { reason: 'died', message };
}

function said(what: string, more: string): string {
  return more === '' || more === what ? what : `${what}: ${more}`;
}
