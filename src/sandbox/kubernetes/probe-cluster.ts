/** What a cluster answers before any pod runs: its version, and whether it would take what sandboxes need. */
import { AssayError } from '../../contracts/index.ts';
import { ApiError } from './api-client.ts';
import type { Cluster } from './cluster.ts';

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

/** Notes about it. Throws `sandbox-unavailable` with every right that is missing. */
export async function askCluster({ client, namespace, settings }: Cluster): Promise<string[]> {
  const version = await client.call({ method: 'GET', path: '/version' });
  const { gitVersion = 'an unknown version' } = (version.body ?? {}) as { gitVersion?: string };
  const asked = RIGHTS.flatMap((right) => right.verbs.map((verb) => ({ ...right, verb })));
  const answers = await Promise.all(asked.map(async (one) => ((await mayDo(one)) ? [] : [nameOf(one)])));
  const missing = answers.flat();
  if (missing.length > 0) {
    throw new AssayError('sandbox-unavailable', `this user may not, in namespace ${namespace}: ${missing.join(', ')}`, {
      class: 'infra',
      retryable: false,
      hint: 'Apply deploy/kubernetes/base, and use its service account `assay`.',
    });
  }
  return [
    `Kubernetes ${gitVersion} at ${client.access.server.host}, namespace ${namespace}`,
    'This backend holds no limit of pids: set `podPidsLimit` in the configuration of the kubelets.',
    ...(settings.networkPolicy === 'trusted' ? ['Whether network policies are enforced is not looked at.'] : []),
  ];

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
