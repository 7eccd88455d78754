/** What the pod of a sandbox is asked to be: limits, no rights in the cluster, nothing of its node, the agent as its first process. */
import type { SandboxSpec } from '../../contracts/index.ts';
import { AGENT_FOLDER, CAPABILITIES } from '../docker/container-config.ts';
import { plainNetwork } from '../plain-network.ts';
import type { KubernetesSettings } from './kubernetes-settings.ts';
import { CONTAINER } from './pod-view.ts';

/** On everything that is made. */
export const LABEL = {
  managedBy: 'app.kubernetes.io/managed-by',
  /** Name of the lease of the process that made it. */
  owner: 'assay.dev/owner',
  /** `none` or `egress`: what network policies select by. */
  network: 'assay.dev/network',
  word: 'assay.dev/',
} as const;
export const MANAGER = 'assay';
export const AGENT = `${AGENT_FOLDER}/agent`;
/** Abstract sockets belong to a network, and each pod has its own. */
export const SESSION = 'assay-agent';

/** On top of the sandbox's own life, for waiting, pulling and layers. The cluster ends the pod then, whatever became of its owner. */
const SPARE_SECONDS = 1_800;
const SHM_BYTES = 64 * 1024 ** 2;

export interface PodBody {
  apiVersion: 'v1';
  kind: 'Pod';
  metadata: {
    name: string;
    labels: Record<string, string>;
    annotations: Record<string, string>;
    ownerReferences: readonly object[];
  };
  spec: Record<string, unknown> & { activeDeadlineSeconds: number; containers: object[] };
}

export interface PodPlan {
  name: string;
  spec: SandboxSpec;
  /** As a node can pull it. */
  image: string;
  settings: KubernetesSettings;
  /** Lease of this process: the cluster removes the pod with it. */
  owner: { name: string; uid: string };
  /** Config map with the agent. */
  agent: string;
  /** Of the memory and disk that are reserved; see `ResourceFactors`. */
  factor: number;
}

/** Body of a `POST` to pods. Throws `sandbox-unavailable` for a list of hosts. */
export function podBody(plan: PodPlan): PodBody {
  const { spec, settings, owner } = plan;
  const network = plainNetwork(spec.network, 'kubernetes backend');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: plan.name,
      labels: { ...settings.labels, ...wordLabels(spec.labels), ...ownLabels(owner.name, network) },
      annotations: {
        'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
        ...settings.annotations,
        [`${LABEL.word}resource-factor`]: String(plan.factor),
      },
      ownerReferences: [{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: owner.name, uid: owner.uid }],
    },
    spec: {
      restartPolicy: 'Never',
      activeDeadlineSeconds: Math.ceil(spec.limits.wallSeconds) + SPARE_SECONDS,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      hostname: 'sandbox',
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      ...(network === 'none' ? { dnsPolicy: 'None', dnsConfig: { nameservers: ['127.0.0.1'] } } : {}),
      ...placement(settings),
      containers: [container(plan)],
      volumes: [
        { name: 'agent', configMap: { name: plan.agent, defaultMode: 0o555 } },
        { name: 'tmp', emptyDir: { sizeLimit: String(spec.limits.diskBytes) } },
        {
          name: 'shm',
          emptyDir: { medium: 'Memory', sizeLimit: String(Math.min(SHM_BYTES, spec.limits.memoryBytes)) },
        },
      ],
    },
  };
}

function container({ spec, image, settings, factor }: PodPlan): object {
  const { limits } = spec;
  return {
    name: CONTAINER,
    image,
    imagePullPolicy: settings.imagePullPolicy,
    command: [AGENT, `${AGENT_FOLDER}/filter`, SESSION, String(settings.orphanSeconds), String(limits.diskBytes)],
    ...(spec.workdir === '/' ? {} : { workingDir: spec.workdir }),
    resources: resources(spec, settings, factor),
    securityContext: {
      privileged: false,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], add: settings.capabilities ? CAPABILITIES : [] },
    },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      { name: 'agent', mountPath: AGENT_FOLDER, readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'shm', mountPath: '/dev/shm' },
    ],
  };
}

/** A share of each limit is reserved. The factor raises the share first, and above the whole the limit, too. */
function resources({ limits }: SandboxSpec, { requests }: KubernetesSettings, factor: number): object {
  const memory = Math.ceil(limits.memoryBytes * requests.memory * factor);
  const disk = Math.ceil(limits.diskBytes * requests.disk * factor);
  return {
    requests: {
      cpu: `${Math.ceil(limits.cpus * 1000 * requests.cpu)}m`,
      memory: String(memory),
      'ephemeral-storage': String(disk),
    },
    limits: {
      cpu: `${Math.ceil(limits.cpus * 1000)}m`,
      memory: String(Math.max(limits.memoryBytes, memory)),
      'ephemeral-storage': String(Math.max(limits.diskBytes, disk)),
    },
  };
}

function placement(settings: KubernetesSettings): object {
  const { runtimeClassName, priorityClassName, schedulerName, serviceAccountName, imagePullSecrets } = settings;
  const arch = { x64: 'amd64', arm64: 'arm64' }[settings.arch];
  return {
    nodeSelector: { 'kubernetes.io/arch': arch, 'kubernetes.io/os': 'linux', ...settings.nodeSelector },
    tolerations: settings.tolerations,
    ...(runtimeClassName === undefined ? {} : { runtimeClassName }),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...(schedulerName === undefined ? {} : { schedulerName }),
    ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
    ...(imagePullSecrets.length === 0 ? {} : { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
    ...(settings.userNamespaces ? { hostUsers: false } : {}),
  };
}

function ownLabels(owner: string, network: 'none' | 'host'): Record<string, string> {
  return {
    [LABEL.managedBy]: MANAGER,
    [LABEL.owner]: owner,
    [LABEL.network]: network === 'none' ? 'none' : 'egress',
  };
}

/** Words for people, as far as labels may hold them. */
function wordLabels(labels: Readonly<Record<string, string>> = {}): Record<string, string> {
  const fit = Object.entries(labels).map(([name, value]) => [labelWord(name), labelWord(value)] as const);
  return Object.fromEntries(fit.flatMap(([name, value]) => (name === '' ? [] : [[`${LABEL.word}${name}`, value]])));
}

export function labelWord(text: string): string {
  return text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .slice(0, 63)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
