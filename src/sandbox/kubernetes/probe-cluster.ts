/** What a cluster answers before any pod runs: its version, and whether it would take what sandboxes need. */
import { randomUUID } from 'node:crypto';
import { AssayError, type SandboxSpec } from '../../contracts/index.ts';
import { ApiError } from './api-client.ts';
import type { Cluster } from './cluster.ts';
import { refusedAs } from './cluster-refusal.ts';
import { podBody } from './pod-spec.ts';
import { SANDBOX_GROUP, sandboxObject, sandboxObjectsPath } from './sandbox-object.ts';

interface Right {
  group: string;
  resource: string;
  subresource?: string;
  verbs: readonly string[];
}

/** As deploy/kubernetes grants them. */
const RIGHTS: readonly Right[] = [
  { group: '', resource: 'pods', verbs: ['create', 'delete', 'deletecollection', 'list', 'watch'] },
  { group: '', resource: 'pods', subresource: 'exec', verbs: ['create', 'get'] },
  { group: '', resource: 'configmaps', verbs: ['create', 'get'] },
  { group: 'coordination.k8s.io', resource: 'leases', verbs: ['create', 'delete', 'get', 'list', 'patch'] },
];

/** As deploy/kubernetes/agent-sandbox grants them on top. */
const OBJECT_RIGHTS: Right = { group: SANDBOX_GROUP, resource: 'sandboxes', verbs: ['create', 'delete'] };

/** Notes about it. Throws `sandbox-unavailable` with every right that is missing. */
export async function askCluster({ client, namespace, settings }: Cluster): Promise<string[]> {
  const version = await refusedAs('to tell its version', () => client.call({ method: 'GET', path: '/version' }));
  const { gitVersion = 'an unknown version' } = (version.body ?? {}) as { gitVersion?: string };
  const rights = settings.agentSandbox ? [...RIGHTS, OBJECT_RIGHTS] : RIGHTS;
  const asked = rights.flatMap((right) => right.verbs.map((verb) => ({ ...right, verb })));
  const answers = await Promise.all(asked.map(async (one) => ((await mayDo(one)) ? [] : [nameOf(one)])));
  const missing = answers.flat();
  if (missing.length > 0) {
    throw new AssayError('sandbox-unavailable', `this user may not, in namespace ${namespace}: ${missing.join(', ')}`, {
      class: 'infra',
      retryable: false,
      hint: `Apply deploy/kubernetes/${settings.agentSandbox ? 'agent-sandbox' : 'base'}, and use its service account \`assay\`.`,
    });
  }
  const quota = await refusedAs('a pod like those of sandboxes', () => tryPod());
  return [
    `Kubernetes ${gitVersion} at ${client.access.server.host}, namespace ${namespace}`,
    'This backend holds no limit of pids: set `podPidsLimit` in the configuration of the kubelets.',
    ...quota,
    ...(settings.networkPolicy === 'trusted' ? ['Whether network policies are enforced is not looked at.'] : []),
  ];

  /** What all that stands between a wish and a pod says to one: namespace, admission, classes, accounts, quota. Nothing is made. */
  async function tryPod(): Promise<string[]> {
    const name = 'assay-probe';
    const image = settings.probeImage ?? 'assay.invalid/probe';
    const owner = { name, uid: randomUUID() };
    const spec = probeSpec(image);
    const pod = podBody({ name, spec, image, settings, owner, agent: name, factor: 1 });
    try {
      await tryToMake(`/api/v1/namespaces/${namespace}/pods`, pod);
      if (settings.agentSandbox) await tryToMake(sandboxObjectsPath(namespace), sandboxObject(pod, client.serverTime));
      return [];
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.isQuota) return [`The quota of the namespace is full now: ${error.message}`];
      if (error.status === 400 && /dry.?run/i.test(error.message)) {
        return [`Whether the cluster takes pods like those of sandboxes cannot be tried: ${error.message}`];
      }
      throw error;
    }
  }

  async function tryToMake(path: string, body: object): Promise<void> {
    await client.call({ method: 'POST', path, query: { dryRun: 'All' }, body, accept: [409] });
  }

  async function mayDo({ group, resource, subresource, verb }: Right & { verb: string }): Promise<boolean> {
    const resourceAttributes = {
      namespace,
      group,
      resource,
      verb,
      ...(subresource === undefined ? {} : { subresource }),
    };
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes },
    };
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    try {
      const reply = await client.call({ method: 'POST', path, body });
      return (reply.body as { status?: { allowed?: boolean } }).status?.allowed === true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) return true; // who may not ask finds out when it matters
      throw error;
    }
  }
}

function nameOf({ resource, subresource, verb }: Right & { verb: string }): string {
  return `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
}

/** Enough for the agent alone. */
export function probeSpec(reference: string): SandboxSpec {
  return {
    base: { kind: 'image', reference },
    layers: [],
    limits: { memoryBytes: 2 ** 27, pids: 16, cpus: 0.5, diskBytes: 2 ** 26, wallSeconds: 600 },
    network: 'none',
    env: {},
    workdir: '/',
    labels: { purpose: 'probe' },
  };
}
