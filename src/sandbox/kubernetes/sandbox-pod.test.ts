/** Pods against a scripted API server: the cluster's moods, one by one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { compiledAgent } from '../../../test/support/compiler.ts';
import { endProgram, type FakeApiOptions, FakeApiServer, RUNNING } from '../../../test/support/fake-api-server.ts';
import { describeRequiring } from '../../../test/support/requirements.ts';
import { assayPaths } from '../../base/paths.ts';
import type { SandboxSpec } from '../../contracts/index.ts';
import { Cluster } from './cluster.ts';
import { createKubernetesBackend } from './kubernetes-backend.ts';
import { kubernetesSettingsSchema } from './kubernetes-settings.ts';
import { NetworkCheck } from './network-check.ts';
import { collectLeases } from './owner-lease.ts';
import { SandboxPod } from './sandbox-pod.ts';

const PODS = '/api/v1/namespaces/test/pods';
const spec: SandboxSpec = {
  base: { kind: 'image', reference: 'r.example/i:1' },
  layers: [],
  limits: { memoryBytes: 2 ** 26, pids: 10, cpus: 1, diskBytes: 2 ** 26, wallSeconds: 60 },
  network: 'none',
  env: {},
  workdir: '/w',
};
const wish = { name: 'assay-p', spec, image: 'r.example/i:1', factor: 1 };
const home = mkdtempSync(join(tmpdir(), 'assay-fake-cluster-'));
const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function fake(options: FakeApiOptions = {}, settings: object = {}) {
  const api = new FakeApiServer(options);
  const access = await api.open();
  const paths = assayPaths(home);
  const cluster = new Cluster({ access, paths, settings: kubernetesSettingsSchema.parse(settings), patienceMs: 2_000 });
  // Where no C compiler is, tests of pods need no agent.
  cluster.agent = async () => 'assay-agent-test';
  open.push(
    () => api.close(),
    () => cluster.close(),
  );
  return { api, access, cluster, paths };
}

describe('a pod that starts', () => {
  test('runs after its watch says so, hangs on the lease of its owner, and is gone after its removal', async () => {
    const { api, cluster } = await fake();
    const pod = await SandboxPod.start(cluster, wish);
    expect(pod.imageId).toContain('sha256:');
    const [path = ''] = api.podPaths();
    const { metadata } = api.objects.get(path) ?? { metadata: {} };
    expect(metadata.ownerReferences[0]).toMatchObject({
      kind: 'Lease',
      uid: `uid-${metadata.labels['assay.dev/owner']}`,
    });
    await pod.remove();
    expect(api.podPaths()).toEqual([]);
    // One watch, and no pod asked for by name.
    expect(api.requests.filter((line) => line.startsWith(`GET ${PODS}/`))).toEqual([]);
  });

  test('is not made twice when the answer to its creation was lost', async () => {
    const { api, cluster } = await fake();
    api.faults.push({ line: `POST ${PODS}`, fault: { status: 503 } });
    api.objects.set(`${PODS}/assay-p`, {
      metadata: { name: 'assay-p', labels: { 'assay.dev/owner': cluster.lease.name } },
      status: RUNNING,
    });
    await SandboxPod.start(cluster, wish);
    expect(api.podPaths()).toHaveLength(1);
  });

  test('waits as long as an overloaded server asks, and later ones start at half the pace', async () => {
    const { api, cluster } = await fake();
    api.faults.push({ line: `POST ${PODS}`, fault: { status: 429, headers: { 'retry-after': '1' } } });
    const from = Date.now();
    await SandboxPod.start(cluster, wish);
    expect(Date.now() - from).toBeGreaterThanOrEqual(950);
    expect(cluster.rate.perSecond).toBeLessThan(11);
  });
});

test('an object of agent-sandbox is made and removed in the place of its pod, and ends by itself', async () => {
  const { api, cluster } = await fake({}, { agentSandbox: true });
  const pod = await SandboxPod.start(cluster, wish);
  const object = api.objects.get('/apis/agents.x-k8s.io/v1beta1/namespaces/test/sandboxes/assay-p');
  expect(object).toMatchObject({ kind: 'Sandbox', spec: { shutdownPolicy: 'Delete', service: false } });
  const life = Date.parse(object?.spec.shutdownTime) - Date.now();
  expect(Math.abs(life - 1_860_000)).toBeLessThan(60_000);
  expect(api.requests).not.toContain(`POST ${PODS}`);
  await pod.remove();
  expect([...api.objects.keys()].filter((path) => path.includes('assay-p'))).toEqual([]);
});

describe('a pod that does not start', () => {
  const waiting = (reason: string, message: string) => ({
    phase: 'Pending',
    containerStatuses: [{ name: 'sandbox', state: { waiting: { reason, message } }, imageID: '' }],
  });

  test.each([
    ['image-not-found', [waiting('ErrImagePull', 'manifest unknown')], { failureClass: 'input', retryable: false }],
    ['sandbox-create-failed', [{ phase: 'Failed', reason: 'OutOfmemory', message: 'Node: 1' }], { retryable: true }],
    [
      'sandbox-create-failed',
      [{ phase: 'Failed', reason: 'Evicted', message: 'low on resource: memory' }],
      { retryable: true },
    ],
  ])('is an error that says why, and is removed: %s', async (code, statuses, more) => {
    const { api, cluster } = await fake({ statuses: () => statuses });
    await expect(SandboxPod.start(cluster, wish)).rejects.toMatchObject({ code, ...more });
    expect(api.podPaths()).toEqual([]);
  });

  test('for want of a node within its time', async () => {
    const unschedulable = {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', message: 'Insufficient cpu' }],
    };
    const { cluster } = await fake({ statuses: () => [unschedulable] }, { scheduleSeconds: 1 });
    await expect(SandboxPod.start(cluster, wish)).rejects.toMatchObject({
      code: 'sandbox-create-failed',
      message: expect.stringContaining('Insufficient cpu'),
      details: { reason: 'unschedulable' },
    });
  });

  test.each([
    ['a right that is missing', 403, 'pods is forbidden: User "u" cannot create', 'sandbox-unavailable', false],
    ['a pod that the cluster does not take', 422, 'spec.x: Invalid value', 'sandbox-create-failed', false],
  ])('because of %s', async (_name, status, message, code, retryable) => {
    const { api, cluster } = await fake();
    api.faults.push({ line: `POST ${PODS}`, fault: { status, body: { message } } });
    await expect(SandboxPod.start(cluster, wish)).rejects.toMatchObject({ code, retryable });
  });
});

describe('a namespace without room', () => {
  const full = { status: 403, body: { message: 'pods "p" is forbidden: exceeded quota: q' } };

  test('is asked again until there is', async () => {
    const { api, cluster } = await fake();
    api.faults.push({ line: `POST ${PODS}`, fault: full });
    await SandboxPod.start(cluster, wish);
    expect(api.requests.filter((line) => line === `POST ${PODS}`)).toHaveLength(2);
  });

  test('is told of when the time to wait is over', async () => {
    const { api, cluster } = await fake({}, { scheduleSeconds: 0.1 });
    api.faults.push({ line: `POST ${PODS}`, fault: full });
    await expect(SandboxPod.start(cluster, wish)).rejects.toMatchObject({
      code: 'sandbox-create-failed',
      retryable: true,
      message: expect.stringContaining('exceeded quota'),
    });
  });
});

describe('rights that are missing for', () => {
  const forbidden = (message: string) => ({ status: 403, body: { reason: 'Forbidden', message } });

  test.each([
    ['leases', 'POST /apis/coordination.k8s.io/v1/namespaces/test/leases'],
    ['the watch', `GET ${PODS}`],
  ])('%s are told at once', async (name, line) => {
    const { api, cluster } = await fake({ statuses: () => [] });
    api.faults.push({ line, fault: forbidden(`no right for ${name}`) });
    await expect(SandboxPod.start(cluster, wish)).rejects.toMatchObject({
      code: 'sandbox-unavailable',
      retryable: false,
      message: expect.stringContaining(`no right for ${name}`),
    });
    expect(api.podPaths()).toEqual([]);
  });
});

test.each(['no more are started', 'it is aborted'])('what still waits for a pod gives up when %s', async (reason) => {
  const { api, cluster } = await fake({ statuses: () => [] });
  const abort = new AbortController();
  const start = SandboxPod.start(cluster, wish, abort.signal);
  await expect.poll(() => api.podPaths(), { timeout: 10_000 }).toHaveLength(1);
  if (reason === 'it is aborted') abort.abort();
  else cluster.stopStarts();
  await expect(start).rejects.toMatchObject({ code: 'cancelled' });
  expect(api.podPaths()).toEqual([]);
});

describe('a pod that ran', () => {
  test('tells why it ended, through a watch that was cut and one that has to start anew', async () => {
    const { api, cluster } = await fake();
    const first = await SandboxPod.start(cluster, { ...wish, name: 'assay-a' });
    api.cutWatches();
    const second = await SandboxPod.start(cluster, { ...wish, name: 'assay-b' });
    api.change(`${PODS}/assay-a`, {
      phase: 'Failed',
      reason: 'Evicted',
      message: 'The node was low on resource: memory.',
    });
    expect(await first.failed).toMatchObject({ kind: 'memory-pressure' });
    api.forget(`${PODS}/assay-b`);
    api.cutWatches(410);
    expect(await second.failed).toMatchObject({ kind: 'removed' });
  });

  test('and is removed by us has not failed', async () => {
    const { cluster } = await fake();
    const pod = await SandboxPod.start(cluster, wish);
    await pod.remove();
    expect(await Promise.race([pod.failed, new Promise((resolve) => setTimeout(resolve, 100, 'nothing'))])).toBe(
      'nothing',
    );
  });
});

describe('what is left over', () => {
  test('pods of an owner whose lease has run out go, those of the living stay', async () => {
    const { api, cluster } = await fake();
    const leases = '/apis/coordination.k8s.io/v1/namespaces/test/leases';
    await SandboxPod.start(cluster, wish);
    const labels = { 'app.kubernetes.io/managed-by': 'assay' };
    api.objects.set(`${leases}/assay-dead`, {
      metadata: { name: 'assay-dead', labels },
      spec: { leaseDurationSeconds: 90, renewTime: new Date(Date.now() - 122_000).toISOString() },
    });
    api.objects.set(`${leases}/assay-late`, {
      metadata: { name: 'assay-late', labels },
      spec: { leaseDurationSeconds: 90, renewTime: new Date(Date.now() - 115_000).toISOString() },
    });
    api.objects.set(`${PODS}/assay-q`, {
      metadata: { name: 'assay-q', labels: { ...labels, 'assay.dev/owner': 'assay-dead' } },
    });
    expect((await collectLeases(cluster.client, 'test')).sandboxes).toBe(1);
    expect(api.podPaths()).toEqual([`${PODS}/assay-p`]);
    expect([...api.objects.keys()].filter((path) => path.startsWith(leases))).toEqual([
      `${leases}/${cluster.lease.name}`,
      `${leases}/assay-late`,
    ]);
  });
});

describe('the network of pods that should have none', () => {
  const podsAnswering = async (exitCodes: number[], nodes: string[] = []) => {
    const { cluster } = await fake({
      exec: (_argv, socket) => endProgram(socket, '', exitCodes.shift() ?? 1),
      node: () => nodes.shift() ?? 'node1',
    });
    return (name: string) => SandboxPod.start(cluster, { ...wish, name });
  };

  test('is held when the API server does not answer them; asked once for each node', async () => {
    const codes = [1, 1, 0];
    const start = await podsAnswering(codes, ['node1', 'node1', 'node2']);
    const check = new NetworkCheck();
    for (const name of ['assay-a', 'assay-b', 'assay-c']) await check.demandHeld(await start(name));
    expect(codes).toEqual([0]);
  });

  test('may take hold a moment after the start', async () => {
    const start = await podsAnswering([0, 1]);
    await new NetworkCheck().demandHeld(await start('assay-a'));
  });

  test('is not held when the API server goes on to answer', async () => {
    const start = await podsAnswering([0, 0]);
    await expect(new NetworkCheck({ tries: 2 }).demandHeld(await start('assay-a'))).rejects.toMatchObject({
      code: 'sandbox-unavailable',
      message: expect.stringContaining('reach the API server of this cluster from node node1'),
    });
  });

  test('is not believed in when nobody can tell', async () => {
    const start = await podsAnswering([2, 137]);
    await expect(new NetworkCheck({ tries: 2 }).demandHeld(await start('assay-a'))).rejects.toMatchObject({
      code: 'sandbox-create-failed',
      retryable: true,
    });
  });
});

describe('the backend', () => {
  test('says which rights are missing', async () => {
    const { api, access, paths } = await fake();
    const reviews = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    for (let n = 0; n < 14; n++) {
      api.faults.push({ line: `POST ${reviews}`, fault: { status: 201, body: { status: { allowed: n !== 5 } } } });
    }
    api.objects.set('/version', { metadata: {}, gitVersion: 'v9' } as never);
    const backend = createKubernetesBackend({ paths, access, settings: kubernetesSettingsSchema.parse({}) });
    const probe = await backend.probe();
    expect(probe).toMatchObject({ available: false });
    expect(probe.notes.join(' ')).toMatch(/may not, in namespace test: \w+ \w+/);
  });

  test('tries a pod before any is made, and says why it would be refused', async () => {
    const { api, access, paths } = await fake();
    const reviews = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    for (let n = 0; n < 14; n++) {
      api.faults.push({ line: `POST ${reviews}`, fault: { status: 201, body: { status: { allowed: true } } } });
    }
    const message = 'pods "assay-probe" is forbidden: violates PodSecurity "restricted:latest"';
    api.faults.push({ line: `POST ${PODS}`, fault: { status: 403, body: { message } } });
    api.objects.set('/version', { metadata: {}, gitVersion: 'v9' } as never);
    const backend = createKubernetesBackend({ paths, access, settings: kubernetesSettingsSchema.parse({}) });
    const probe = await backend.probe();
    expect(probe).toMatchObject({ available: false });
    expect(probe.notes.join(' ')).toContain(message);
  });

  test('refuses the programs of this machine as a base', async () => {
    const { access, paths } = await fake();
    const backend = createKubernetesBackend({ paths, access, settings: kubernetesSettingsSchema.parse({}) });
    await expect(backend.create({ ...spec, base: { kind: 'host' } })).rejects.toMatchObject({
      code: 'sandbox-unavailable',
    });
  });
});

const compiled = await compiledAgent(assayPaths(home).native);

describeRequiring('compiler', compiled.problem, 'images of a cluster', () => {
  test('looks an image up by a pod that runs it, and names it by its digest from then on', async () => {
    const { api, access, paths } = await fake({
      exec: (argv, socket) => endProgram(socket, argv.includes('describe') ? 'PATH=/bin\0HOSTNAME=x\0/srv\0' : '', 0),
    });
    api.objects.clear();
    const settings = kubernetesSettingsSchema.parse({});
    const backend = createKubernetesBackend({ paths, access, settings, patienceMs: 1_000 });
    open.push(() => backend.close());
    const facts = await backend.describeImage('r.example/i:1');
    expect(facts).toEqual({ digest: `sha256:${'d'.repeat(64)}`, env: { PATH: '/bin' }, workdir: '/srv' });
    expect(api.podPaths()).toEqual([]);
    const images: unknown[] = [];
    await backend.describeImage(facts.digest).catch(() => {});
    for (const line of api.requests) if (line.startsWith('POST') && line.endsWith('/pods')) images.push(line);
    expect(images).toHaveLength(2);
  });
});
