/** That the rights of deploy/kubernetes/base are enough (all tests run with them alone), and that they are not more than that. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exec } from '../../src/sandbox/exec.ts';
import {
  LAB_IMAGE,
  LAB_KUBECONFIG,
  LAB_NAMESPACE,
  LAB_PODS,
  LAB_SPEC,
  lab,
  labClient,
} from '../support/lab-cluster.ts';
import type { LabBackend } from './lab-backend.ts';

const DEPLOY = join(import.meta.dirname, '..', '..', 'deploy', 'kubernetes');

export function describeRights(backend: LabBackend): void {
  describe('the rights of the service account', () => {
    test('suffice for the probe, which names the version and what is not held', async () => {
      const probe = await backend({ probeImage: LAB_IMAGE }).probe();
      expect(probe).toMatchObject({ available: true, tier: 'pod', limitsInForce: { pids: 'none', memory: 'engine' } });
      expect(probe.notes.join(' ')).toMatch(/Kubernetes v1\.\d+.*namespace assay/);
    }, 60_000);

    test.each([
      ['read secrets', 'GET', `/api/v1/namespaces/${LAB_NAMESPACE}/secrets`],
      ['change pods', 'PATCH', `${LAB_PODS}/any`],
      ['read logs', 'GET', `${LAB_PODS}/any/log`],
      ['forward ports', 'POST', `${LAB_PODS}/any/portforward`],
      ['see nodes', 'GET', '/api/v1/nodes'],
      ['see pods elsewhere', 'GET', '/api/v1/namespaces/kube-system/pods'],
      ['start pods elsewhere', 'POST', '/api/v1/namespaces/default/pods'],
      ['start deployments', 'POST', `/apis/apps/v1/namespaces/${LAB_NAMESPACE}/deployments`],
      ['give itself rights', 'POST', `/apis/rbac.authorization.k8s.io/v1/namespaces/${LAB_NAMESPACE}/rolebindings`],
      ['lift policies', 'DELETE', `/apis/networking.k8s.io/v1/namespaces/${LAB_NAMESPACE}/networkpolicies`],
      ['lift the quota', 'DELETE', `/api/v1/namespaces/${LAB_NAMESPACE}/resourcequotas`],
      ['make tokens', 'POST', `/api/v1/namespaces/${LAB_NAMESPACE}/serviceaccounts/assay/token`],
    ] as const)('do not let it %s', async (_name, method, path) => {
      const account = await labClient(LAB_KUBECONFIG);
      await expect(account.call({ method, path, body: {} })).rejects.toMatchObject({ status: 403 });
    });

    test('pods have no token, no privilege and nothing of their node', async () => {
      const sandbox = await backend().create(LAB_SPEC);
      const look = async (script: string) => (await exec(sandbox, ['bash', '-c', script])).stdout.toString();
      expect(await look('ls /var/run/secrets 2>&1')).toContain('No such file');
      expect(await look('mount -t tmpfs none /mnt 2>&1; mknod /tmp/sda b 8 0 2>&1; cat /dev/sda 2>&1')).toMatch(
        /(denied|not permitted)[\s\S]*(not permitted|No such file)/,
      );
      expect(await look('grep -E "NoNewPrivs|Seccomp:" /proc/self/status | tr -d "\\t"')).toBe(
        'NoNewPrivs:1\nSeccomp:2\n',
      );
    }, 60_000);

    test('pods that are not allowed in the namespace are refused by name', async () => {
      const refused = backend({ labels: { 'not a label': 'x' } }).create(LAB_SPEC);
      await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('not a label') });
    });

    test('a cluster whose network policies nobody enforces is refused', async () => {
      const demanding = backend({ networkPolicy: 'demanded' });
      await expect(demanding.create(LAB_SPEC)).rejects.toMatchObject({
        code: 'sandbox-unavailable',
        message: expect.stringContaining('reach the API server'),
      });
      const connected = await demanding.create({ ...LAB_SPEC, network: 'host' });
      expect((await exec(connected, ['echo', 'on'])).stdout.toString()).toBe('on\n');
    }, 60_000);

    test('where pods without network reach nothing, they are used, and work', async () => {
      await lab('isolate', 'lab1');
      try {
        const sandbox = await backend({ networkPolicy: 'demanded' }).create(LAB_SPEC);
        expect((await exec(sandbox, ['echo', 'on'])).stdout.toString()).toBe('on\n');
      } finally {
        await lab('mend', 'lab1');
      }
    }, 60_000);

    test('the cluster takes every manifest, policies with their selectors included', async () => {
      const said = await lab('kubectl', 'apply', '--dry-run=server', '-k', join(DEPLOY, 'orchestrator'));
      for (const object of ['deployment.apps/assay', 'persistentvolumeclaim/assay-store', 'configmap/assay-settings'])
        expect(said).toContain(`${object} created`);
      const policies = await lab('kubectl', '-n', LAB_NAMESPACE, 'get', 'networkpolicies', '-o', 'name');
      expect(policies.trim().split('\n').sort()).toEqual([
        'networkpolicy.networking.k8s.io/builds-reach-the-internet',
        'networkpolicy.networking.k8s.io/sandboxes-reach-nothing',
      ]);
    }, 60_000);
  });
}
