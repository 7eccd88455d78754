import { describe, expect, test } from 'vitest';
import { createError, isResourceFailure, podFailure, sandboxEnd } from './pod-failure.ts';
import { isRunning, podSchema } from './pod-view.ts';

const pod = (status: object, metadata: object = {}) =>
  podSchema.parse({ metadata: { name: 'p', ...metadata }, status });
const container = (state: object) => ({ containerStatuses: [{ name: 'sandbox', state, imageID: '' }] });
const waiting = (reason: string, message = '') =>
  pod({ phase: 'Pending', ...container({ waiting: { reason, message } }) });
const terminated = (end: object) => pod({ phase: 'Failed', ...container({ terminated: end }) });

describe('why a pod does not run', () => {
  test.each([
    ['nothing is wrong with a new pod', pod({ phase: 'Pending' }), undefined],
    ['nor with one that pulls its image', waiting('ContainerCreating'), undefined],
    ['nor with a running one', pod({ phase: 'Running', ...container({ running: {} }) }), undefined],
    [
      'no node has room',
      pod({
        conditions: [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes: Insufficient cpu.' },
        ],
      }),
      { kind: 'unschedulable', passing: true, message: 'Unschedulable: 0/3 nodes: Insufficient cpu.' },
    ],
    [
      'the image does not exist',
      waiting('ErrImagePull', 'failed to resolve reference "docker.io/a/b:c": not found'),
      { kind: 'image-not-found', passing: false },
    ],
    [
      'the registry hesitates',
      waiting('ImagePullBackOff', 'Back-off pulling image'),
      { kind: 'image-pull', passing: true },
    ],
    ['the name is none', waiting('InvalidImageName'), { kind: 'image-not-found', passing: false }],
    ['the image must be there and is not', waiting('ErrImageNeverPull'), { kind: 'image-not-found', passing: false }],
    [
      'a secret is missing',
      waiting('CreateContainerConfigError', 'secret "x" not found'),
      { kind: 'start-error', passing: true },
    ],
    [
      'the agent has another architecture',
      terminated({ reason: 'StartError', message: 'exec format error' }),
      { kind: 'start-error' },
    ],
    ['its memory ended', terminated({ reason: 'OOMKilled', exitCode: 137 }), { kind: 'out-of-memory', passing: false }],
    [
      'its agent ended',
      terminated({ reason: 'Error', exitCode: 70 }),
      { kind: 'ended', message: 'its agent ended with 70' },
    ],
    ['its time is over', pod({ phase: 'Failed', reason: 'DeadlineExceeded' }), { kind: 'deadline' }],
    [
      'it wrote more than it may',
      pod({
        phase: 'Failed',
        reason: 'Evicted',
        message: 'Pod ephemeral local storage usage exceeds the total limit of containers 64Mi.',
      }),
      { kind: 'disk-limit' },
    ],
    [
      'a volume of its own grew too large',
      pod({ phase: 'Failed', reason: 'Evicted', message: 'Usage of EmptyDir volume "tmp" exceeds the limit "64Mi".' }),
      { kind: 'disk-limit' },
    ],
    [
      'the node had no memory left',
      pod({
        phase: 'Failed',
        reason: 'Evicted',
        message: 'The node was low on resource: memory. Container sandbox was using 1Gi.',
      }),
      { kind: 'memory-pressure' },
    ],
    [
      'the node had no disk left',
      pod({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: ephemeral-storage.' }),
      { kind: 'disk-pressure' },
    ],
    ['the node refused it', pod({ phase: 'Failed', reason: 'OutOfcpu' }), { kind: 'rejected' }],
    ['the node went', pod({ phase: 'Unknown', reason: 'NodeLost' }), { kind: 'node-lost' }],
    ['the node was shut down', pod({ phase: 'Failed', reason: 'NodeShutdown' }), { kind: 'node-lost' }],
    [
      'somebody deleted it',
      pod({ phase: 'Running', ...container({ running: {} }) }, { deletionTimestamp: 'now' }),
      { kind: 'removed' },
    ],
    [
      'its node was given up',
      pod(
        {
          phase: 'Running',
          conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager', message: 'm' }],
        },
        { deletionTimestamp: 'now' },
      ),
      { kind: 'node-lost', message: 'DeletionByTaintManager: m' },
    ],
  ])('%s', (_name, seen, expected) => {
    if (expected === undefined) expect(podFailure(seen)).toBeUndefined();
    else expect(podFailure(seen)).toMatchObject(expected);
  });

  test('a pod that is being deleted does not run', () => {
    const running = { phase: 'Running', ...container({ running: {} }) };
    expect([isRunning(pod(running)), isRunning(pod(running, { deletionTimestamp: 'now' }))]).toEqual([true, false]);
  });
});

describe('what it means', () => {
  const failure = (kind: Parameters<typeof createError>[1]['kind']) => ({ kind, message: 'm', passing: false });

  test('for an attempt whose sandbox does not come up', () => {
    expect(createError('p', failure('image-not-found'))).toMatchObject({
      code: 'image-not-found',
      failureClass: 'input',
      retryable: false,
    });
    expect(createError('p', failure('unschedulable'))).toMatchObject({
      code: 'sandbox-create-failed',
      failureClass: 'infra',
      retryable: true,
    });
    expect(createError('p', failure('node-lost')).details).toEqual({ reason: 'node-lost' });
  });

  test('for a sandbox that ran', () => {
    expect(sandboxEnd(failure('disk-limit')).reason).toBe('disk-limit');
    expect(sandboxEnd(failure('deadline')).reason).toBe('wall-limit');
    expect(sandboxEnd(failure('out-of-memory'))).toEqual({ reason: 'died', message: 'out-of-memory: m' });
  });

  test('only want of memory or disk of the node asks for more of it', () => {
    const kinds = [
      'out-of-memory',
      'memory-pressure',
      'disk-pressure',
      'disk-limit',
      'node-lost',
      'image-pull',
      'removed',
    ] as const;
    expect(kinds.filter((kind) => isResourceFailure(failure(kind)))).toEqual([
      'out-of-memory',
      'memory-pressure',
      'disk-pressure',
    ]);
  });
});
