/** What a cluster asks of the pods of Assay, as its users write it down: a YAML file that `ASSAY_KUBERNETES` names. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { AssayError } from '../../contracts/index.ts';

const words = z.record(z.string(), z.string()).default({});

export const kubernetesSettingsSchema = z.strictObject({
  /** Default: where `kubectl` would look; inside of a cluster, the account of the pod. */
  kubeconfig: z.string().optional(),
  context: z.string().optional(),
  /** Default: that of the context. */
  namespace: z.string().optional(),
  labels: words,
  annotations: words,
  nodeSelector: words,
  tolerations: z.array(z.record(z.string(), z.unknown())).default([]),
  /** For example `gvisor`, `kata`. */
  runtimeClassName: z.string().optional(),
  priorityClassName: z.string().optional(),
  schedulerName: z.string().optional(),
  serviceAccountName: z.string().optional(),
  /** Names of secrets in the namespace. */
  imagePullSecrets: z.array(z.string()).default([]),
  imagePullPolicy: z.enum(['IfNotPresent', 'Always', 'Never']).default('IfNotPresent'),
  /** Of the nodes that run sandboxes. */
  arch: z.enum(['x64', 'arm64']).default('x64'),
  /** `false` where the namespace forbids every capability; root inside can then install less. */
  capabilities: z.boolean().default(true),
  /** A user namespace of its own for each pod (`hostUsers: false`, Kubernetes 1.30 and later). */
  userNamespaces: z.boolean().default(false),
  /** Share of each limit that is reserved on a node from the start. */
  requests: z
    .strictObject({
      cpu: z.number().gt(0).max(1).default(0.25),
      memory: z.number().gt(0).max(1).default(0.5),
      disk: z.number().gt(0).max(1).default(0.25),
    })
    .prefault({}),
  /** After failures for want of memory or disk the next pod of the same task gets twice as much, up to so many times. 1: never more. */
  maxResourceFactor: z.number().int().min(1).max(16).default(4),
  /** Pods made per second at most; fewer while the API server asks for patience. */
  startsPerSecond: z.number().positive().default(20),
  /** Pods that are made and do not run yet, at most. */
  startsAtOnce: z.number().int().positive().default(64),
  /** How long a pod may wait for a node; clusters that grow need minutes. */
  scheduleSeconds: z.number().positive().default(600),
  /** How long an image may take, failed tries included. */
  pullSeconds: z.number().positive().default(900),
  /** A sandbox that no controller has reached for so long ends itself; a controller gives it up after the same time. */
  orphanSeconds: z.number().int().min(10).default(90),
  /** `demanded`: refuse to run when pods without network can reach the API server; `trusted`: do not look. */
  networkPolicy: z.enum(['demanded', 'trusted']).default('demanded'),
  /** Objects of kubernetes-sigs/agent-sandbox (`agents.x-k8s.io/v1beta1`), whose controller makes the pods, instead of pods. */
  agentSandbox: z.boolean().default(false),
  /** An image that `assay doctor` may start. Without it the probe only asks the API server. */
  probeImage: z.string().optional(),
});
export type KubernetesSettings = z.infer<typeof kubernetesSettingsSchema>;

/** Throws `config-invalid` with the place that is wrong, `file-not-found`. */
export async function readKubernetesSettings(path: string | undefined): Promise<KubernetesSettings> {
  if (path === undefined) return kubernetesSettingsSchema.parse({});
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new AssayError('file-not-found', `cannot read ${path}: ${cause.message}`, {
      class: 'input',
      retryable: false,
      hint: 'ASSAY_KUBERNETES names the file with the settings of the cluster.',
      cause,
    });
  });
  const result = z.preprocess((content) => content ?? {}, kubernetesSettingsSchema).safeParse(parsed(text, path));
  if (result.success) return result.data;
  throw invalid(path, z.prettifyError(result.error));
}

function parsed(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw invalid(path, (error as Error).message);
  }
}

function invalid(path: string, problem: string): AssayError {
  return new AssayError('config-invalid', `${path}: ${problem}`, {
    class: 'input',
    retryable: false,
    hint: 'docs/kubernetes.md lists all settings.',
  });
}
