/** What is read of a pod, a lease and a list; all else that a cluster says is left alone. */
import { z } from 'zod';

const stateSchema = z.object({
  waiting: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
  running: z.object({ startedAt: z.string().optional() }).optional(),
  terminated: z
    .object({
      reason: z.string().optional(),
      message: z.string().optional(),
      exitCode: z.number().optional(),
    })
    .optional(),
});

const conditionSchema = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
});

const metadataSchema = z.object({
  name: z.string(),
  uid: z.string().default(''),
  resourceVersion: z.string().optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
});

export const podSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({ nodeName: z.string().optional() }).optional(),
  status: z
    .object({
      phase: z.string().optional(),
      /** When its node took it on. */
      startTime: z.string().optional(),
      reason: z.string().optional(),
      message: z.string().optional(),
      conditions: z.array(conditionSchema).default([]),
      containerStatuses: z
        .array(z.object({ name: z.string(), state: stateSchema.optional(), imageID: z.string().default('') }))
        .default([]),
    })
    .default({ conditions: [], containerStatuses: [] }),
});
export type PodView = z.infer<typeof podSchema>;

export const podListSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  items: z.array(podSchema).nullable(),
});

export const leaseSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    holderIdentity: z.string().optional(),
    leaseDurationSeconds: z.number().optional(),
    renewTime: z.string().optional(),
  }),
});

export const leaseListSchema = z.object({ items: z.array(leaseSchema).nullable() });

/** The container of a sandbox pod. */
export const CONTAINER = 'sandbox';

/** State of the sandbox's container, once a node has said anything about it. */
export function containerState(pod: PodView): z.infer<typeof stateSchema> | undefined {
  return pod.status.containerStatuses.find(({ name }) => name === CONTAINER)?.state;
}

export function isRunning(pod: PodView): boolean {
  return pod.metadata.deletionTimestamp === undefined && containerState(pod)?.running !== undefined;
}
