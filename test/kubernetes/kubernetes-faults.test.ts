/** What a real cluster does to sandboxes while its parts fail. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import type { SandboxSpec } from '../../src/contracts/index.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { ApiClient } from '../../src/sandbox/kubernetes/api-client.ts';
import { openClusterAccess } from '../../src/sandbox/kubernetes/cluster-access.ts';
import { createKubernetesBackend } from '../../src/sandbox/kubernetes/kubernetes-backend.ts';
import { podListSchema } from '../../src/sandbox/kubernetes/pod-view.ts';
import { LAB_IMAGE, lab, labCluster } from '../support/lab-cluster.ts';
import { describeRequiring } from '../support/requirements.ts';

const found = await labCluster();

describeRequiring('kubernetes', found.problem, 'a cluster whose parts fail', () => {
  if (found.problem !== undefined) return;
  const { settings } = found;
  const home = mkdtempSync(join(tmpdir(), 'assay-kubernetes-faults-'));
  const paths = assayPaths(home);
  const backend = createKubernetesBackend({ paths, settings });
  const spec: SandboxSpec = {
    base: { kind: 'image', reference: LAB_IMAGE },
    layers: [],
    limits: { memoryBytes: 2 ** 27, pids: 64, cpus: 0.5, diskBytes: 2 ** 26, wallSeconds: 600 },
    network: 'none',
    env: { PATH: '/usr/bin:/bin' },
    workdir: '/work',
  };

  afterEach(() => lab('mend', 'lab1'));
  afterAll(async () => {
    await backend.close();
    expect(await podNames()).toEqual([]);
    rmSync(home, { recursive: true, force: true });
  });

  async function client(): Promise<ApiClient> {
    return new ApiClient({ access: await openClusterAccess({ kubeconfig: settings.kubeconfig ?? '' }) });
  }

  async function podNames(): Promise<string[]> {
    const reply = await (await client()).call({ method: 'GET', path: '/api/v1/namespaces/default/pods' });
    return (podListSchema.parse(reply.body).items ?? []).map(({ metadata }) => metadata.name);
  }

  /** A command that prints a number each tenth of a second, and what came of it. */
  async function countTo(last: number, sandbox: Awaited<ReturnType<typeof backend.create>>) {
    const script = `for i in $(seq ${last}); do echo $i; sleep 0.1; done; exit 5`;
    const child = await sandbox.spawn(['bash', '-c', script], { stderr: 'merge' });
    return Promise.all([text(child.stdout), child.exit]);
  }
  const numbers = (last: number) => Array.from({ length: last }, (_, n) => `${n + 1}\n`).join('');

  test.each([
    ['its kubelet is stopped and started', ['stop', 'kubelet-lab1'], ['start', 'kubelet-lab1']],
    ['the API server is stopped and started', ['stop', 'apiserver'], ['start', 'apiserver']],
    ['the network of its node is cut and mended', ['cut', 'lab1'], ['mend', 'lab1']],
  ])(
    'a command goes on, and its output arrives whole, while %s',
    async (_name, fault, cure) => {
      const sandbox = await backend.create(spec);
      const counted = countTo(80, sandbox);
      await sleep(500);
      await lab(...fault);
      await sleep(3_000);
      await lab(...cure);
      const [output, exit] = await counted;
      expect([output, exit.code]).toEqual([numbers(80), 5]);
      expect((await exec(sandbox, ['echo', 'on'])).stdout.toString()).toBe('on\n');
      await sandbox.destroy();
    },
    180_000,
  );

  test('200 actions in 20 sandboxes happen once each while the API server and the kubelet restart and the network is slow', async () => {
    const sandboxes = await Promise.all(Array.from({ length: 20 }, () => backend.create(spec)));
    await lab('slow', 'lab1');
    const act = async (sandbox: (typeof sandboxes)[number]) => {
      for (let n = 0; n < 10; n++) {
        const result = await exec(sandbox, ['bash', '-c', `echo ${n} >> effects; sleep 0.5`]);
        expect(result.exitCode).toBe(0);
      }
    };
    const actions = Promise.all(sandboxes.map(act));
    await sleep(1_000);
    await lab('stop', 'apiserver');
    await lab('start', 'apiserver');
    await sleep(2_000);
    await lab('stop', 'kubelet-lab1');
    await lab('start', 'kubelet-lab1');
    await actions;
    await lab('mend', 'lab1');
    const effects = await Promise.all(
      sandboxes.map(async (one) => (await exec(one, ['cat', 'effects'])).stdout.toString()),
    );
    expect(new Set(effects)).toEqual(new Set(['0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n']));
    await Promise.all(sandboxes.map((one) => one.destroy()));
  }, 300_000);

  test('a pod that somebody deletes ends its sandbox and says so', async () => {
    const sandbox = await backend.create(spec);
    const child = await sandbox.spawn(['sleep', '300']);
    const path = `/api/v1/namespaces/default/pods/${sandbox.id}`;
    await (await client()).call({ method: 'DELETE', path, query: { gracePeriodSeconds: '1' } });
    expect(await sandbox.closed).toMatchObject({ reason: 'died', message: expect.stringContaining('deleted') });
    expect((await child.exit).sandboxDied).toBe(true);
    await sandbox.destroy();
  }, 60_000);

  test('the pods of a killed orchestrator end by themselves, and gc leaves those of the living', async () => {
    const program = join(import.meta.dirname, '..', 'support', 'kubernetes-owner.ts');
    const owner = spawn(process.execPath, ['--import', 'tsx', program, home], { stdio: ['ignore', 'pipe', 'inherit'] });
    let name = '';
    for await (const line of createInterface({ input: owner.stdout })) {
      name = line;
      break;
    }
    expect(await podNames()).toContain(name);
    owner.kill('SIGKILL');
    const path = `/api/v1/namespaces/default/pods/${name}`;
    const phase = async () => {
      const reply = await (await client()).call({ method: 'GET', path });
      return (reply.body as { status: { phase: string } }).status.phase;
    };
    await expect.poll(phase, { timeout: 40_000, interval: 500 }).toBe('Succeeded');
    await backend.gc();
    expect(await podNames()).toContain(name); // its lease has not run out yet
    await (await client()).call({ method: 'DELETE', path });
  }, 90_000);

  test('an image says what it is, and can be used by its digest; one that is not there is named', async () => {
    const facts = await backend.describeImage(LAB_IMAGE);
    expect(facts).toMatchObject({ workdir: '/srv', env: { FROM_IMAGE: 'yes' } });
    expect(Object.keys(facts.env).filter((name) => name.startsWith('KUBERNETES'))).toEqual([]);
    const sandbox = await backend.create({ ...spec, base: { kind: 'image', reference: facts.digest } });
    expect((await exec(sandbox, ['pwd'])).stdout.toString()).toBe('/work\n');
    await sandbox.destroy();
    const missing = backend.create({ ...spec, base: { kind: 'image', reference: 'assay.lab/no-such:1' } });
    await expect(missing).rejects.toMatchObject({
      code: 'image-not-found',
      message: expect.stringContaining('no-such'),
    });
  }, 90_000);

  test('what no node has room for is not made', async () => {
    const own = createKubernetesBackend({ paths, settings: { ...settings, scheduleSeconds: 3 } });
    const huge = own.create({ ...spec, limits: { ...spec.limits, cpus: 4_000 } });
    await expect(huge).rejects.toMatchObject({ code: 'sandbox-create-failed', details: { reason: 'unschedulable' } });
    await own.close();
  }, 60_000);

  test('what the sandbox used is measured from inside', async () => {
    const sandbox = await backend.create(spec);
    await exec(sandbox, ['bash', '-c', 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done']);
    const usage = await sandbox.usage();
    expect(usage.cpuSeconds).toBeGreaterThan(0.05);
    expect(usage.peakMemoryBytes).toBeGreaterThan(100_000);
    await sandbox.destroy();
  }, 60_000);

  test('the probe names the version and what is not held', async () => {
    const own = createKubernetesBackend({ paths, settings: { ...settings, probeImage: LAB_IMAGE } });
    const probe = await own.probe();
    expect(probe).toMatchObject({ available: true, tier: 'pod', limitsInForce: { pids: 'none', memory: 'engine' } });
    expect(probe.notes.join(' ')).toMatch(/Kubernetes v1\.\d+/);
    await own.close();
  }, 60_000);
});
