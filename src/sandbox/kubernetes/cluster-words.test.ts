import { expect, test } from 'vitest';
import { parseUsage } from './cgroup-usage.ts';
import { digestOfImage, parseDescription, pinnedReference } from './cluster-images.ts';
import { kubernetesSettingsSchema } from './kubernetes-settings.ts';
import { labelWord, podBody } from './pod-spec.ts';

const hex = 'a'.repeat(64);

test('the digest of an image, however the runtime names it', () => {
  expect(digestOfImage(`docker-pullable://r.example/a/b@sha256:${hex}`)).toBe(`sha256:${hex}`);
  expect(digestOfImage(`sha256:${hex}`)).toBe(`sha256:${hex}`);
  expect(digestOfImage('')).toBeUndefined();
  expect(pinnedReference('a:1', `docker-pullable://r.example/a@sha256:${hex}`)).toBe(`r.example/a@sha256:${hex}`);
  expect(pinnedReference('a:1', `sha256:${hex}`)).toBe('a:1');
});

test('what an image says about itself, without what the cluster adds', () => {
  const told = 'PATH=/bin\0A=b=c\0HOSTNAME=sandbox\0KUBERNETES_PORT=tcp://10.0.0.1:443\0/work dir\0';
  expect(parseDescription(told)).toEqual({ env: { PATH: '/bin', A: 'b=c' }, workdir: '/work dir' });
});

test('usage of either version of control groups', () => {
  expect(parseUsage('peak1 5000\ncpu1 2500000000\nthrottled_time 500000000\noom_kill 1\n')).toMatchObject({
    peakMemoryBytes: 5000,
    cpuSeconds: 2.5,
    throttledSeconds: 0.5,
    oomKills: 1,
  });
  expect(parseUsage('peak2 7\nusage_usec 1500000\nthrottled_usec 0\n')).toMatchObject({
    peakMemoryBytes: 7,
    cpuSeconds: 1.5,
  });
  expect(Object.values(parseUsage(''))).toEqual([null, null, null, null, null]);
});

test('words become labels that a cluster takes', () => {
  expect(labelWord('django__django-1234')).toBe('django__django-1234');
  expect(labelWord('step: install (all)!')).toBe('step-install-all');
  expect(labelWord(`-${'x'.repeat(80)}`)).toHaveLength(62);
});

type Body = {
  metadata: { labels: object };
  spec: { containers: { resources: unknown; securityContext: object }[] } & Record<string, unknown>;
};

test('a pod reserves a share of its limits; the factor raises the share first and the limit after it', () => {
  const resources = (factor: number) => bodyOf(factor).spec.containers[0]?.resources;
  expect(resources(1)).toEqual({
    requests: { cpu: '500m', memory: '512', 'ephemeral-storage': '250' },
    limits: { cpu: '2000m', memory: '1024', 'ephemeral-storage': '1000' },
  });
  expect(resources(2)).toMatchObject({ requests: { memory: '1024' }, limits: { memory: '1024' } });
  expect(resources(4)).toMatchObject({ requests: { memory: '2048' }, limits: { memory: '2048' } });
});

test('a pod has no rights, no token, no privilege, and a label for the policy that denies its network', () => {
  const body = bodyOf(1);
  expect(body.spec).toMatchObject({
    automountServiceAccountToken: false,
    restartPolicy: 'Never',
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    runtimeClassName: 'gvisor',
    activeDeadlineSeconds: 1860,
  });
  expect(body.spec.containers[0]?.securityContext).toMatchObject({
    privileged: false,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
  });
  expect(body.metadata.labels).toMatchObject({
    'assay.dev/network': 'none',
    'assay.dev/instance': 'i',
    'assay.dev/owner': 'o',
  });
  expect(JSON.stringify(body)).not.toContain('hostPath');
});

function bodyOf(factor: number): Body {
  return podBody({
    name: 'p',
    image: 'i',
    agent: 'a',
    owner: { name: 'o', uid: 'u' },
    factor,
    settings: kubernetesSettingsSchema.parse({ runtimeClassName: 'gvisor' }),
    spec: {
      base: { kind: 'image', reference: 'i' },
      layers: [],
      limits: { memoryBytes: 1024, pids: 1, cpus: 2, diskBytes: 1000, wallSeconds: 60 },
      network: 'none',
      env: {},
      workdir: '/w',
      labels: { instance: 'i', owner: 'somebody else' },
    },
  }) as Body;
}
