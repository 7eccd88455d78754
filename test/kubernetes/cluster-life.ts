/** From the start of pods to what is left of them. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import type { Sandbox } from '../../src/contracts/index.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { LAB_IMAGE, LAB_NAMESPACE, LAB_PODS, LAB_SPEC, lab, labClient, labPodNames } from '../support/lab-cluster.ts';
import type { LabBackend } from './lab-backend.ts';

const AT_ONCE = 60;
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${LAB_NAMESPACE}/leases`;

/** `home`: of the backends. */
export function describeLife(backend: LabBackend, home: string): void {
  describe('the life of pods', () => {
    test(`${AT_ONCE} at once start, work and leave nothing`, async () => {
      const own = backend();
      const sandboxes = await Promise.all(Array.from({ length: AT_ONCE }, () => own.create(LAB_SPEC)));
      const outputs = await Promise.all(sandboxes.map((one) => exec(one, ['cat', '/etc/hostname'])));
      expect(new Set(outputs.map(({ stdout }) => stdout.toString()))).toEqual(new Set(['sandbox\n']));
      expect(await labPodNames()).toHaveLength(AT_ONCE);
      await Promise.all(sandboxes.map((one) => one.destroy()));
      expect(await labPodNames()).toEqual([]);
      await expect.poll(() => lab('containers', 'lab1'), { timeout: 30_000, interval: 500 }).toBe('');
    }, 300_000);

    test('pods of a killed orchestrator end by themselves; the next one removes them once their lease is over', async () => {
      const { owner, name } = await startOwner(home);
      expect(await labPodNames()).toContain(name);
      owner.kill('SIGKILL');
      const admin = await labClient();
      const pod = async () => (await admin.call({ method: 'GET', path: `${LAB_PODS}/${name}` })).body as Pod;
      await expect.poll(async () => (await pod()).status.phase, { timeout: 60_000, interval: 500 }).toBe('Succeeded');
      await backend().gc();
      expect(await labPodNames()).toContain(name); // its owner might still live

      const [lease] = (await pod()).metadata.ownerReferences;
      const renewTime = `${new Date(Date.now() - 50_000).toISOString().slice(0, -1)}000Z`;
      await admin.call({ method: 'PATCH', path: `${LEASES}/${lease?.name}`, body: { spec: { renewTime } } });
      expect((await backend().gc()).sandboxes).toBe(1);
      await expect.poll(labPodNames, { timeout: 30_000, interval: 500 }).not.toContain(name);
    }, 120_000);

    test('an image says what it is, and can be used by its digest', async () => {
      const own = backend();
      const facts = await own.describeImage?.(LAB_IMAGE);
      expect(facts).toMatchObject({ workdir: '/srv', env: { FROM_IMAGE: 'yes' } });
      expect(Object.keys(facts?.env ?? {}).filter((name) => name.startsWith('KUBERNETES'))).toEqual([]);
      const sandbox = await own.create({ ...LAB_SPEC, base: { kind: 'image', reference: facts?.digest ?? '' } });
      expect((await exec(sandbox, ['pwd'])).stdout.toString()).toBe('/work\n');
    }, 60_000);

    test('an image that is not there is named; so is a registry that does not answer', async () => {
      const wish = (reference: string) => ({ ...LAB_SPEC, base: { kind: 'image' as const, reference } });
      await expect(backend().create(wish('assay.lab/no-such:1'))).rejects.toMatchObject({
        code: 'image-not-found',
        message: expect.stringContaining('no-such'),
      });
      const pulling = backend({ imagePullPolicy: 'IfNotPresent', pullSeconds: 5 });
      await expect(pulling.create(wish('127.0.0.1:1/away:1'))).rejects.toMatchObject({
        code: 'image-pull-failed',
        retryable: true,
        message: expect.stringContaining('refused'),
      });
    }, 90_000);

    test('what no node has room for is not made', async () => {
      const huge = backend({ scheduleSeconds: 3 }).create({
        ...LAB_SPEC,
        limits: { ...LAB_SPEC.limits, memoryBytes: 2 ** 41 },
      });
      await expect(huge).rejects.toMatchObject({
        code: 'sandbox-create-failed',
        details: { reason: 'unschedulable' },
        message: expect.stringContaining('Insufficient memory'),
      });
    }, 60_000);

    test('what the sandbox used is measured from inside', async () => {
      const sandbox = await backend().create(LAB_SPEC);
      await exec(sandbox, ['bash', '-c', 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done']);
      await hogMemory(sandbox);
      const usage = await sandbox.usage();
      expect(usage.cpuSeconds).toBeGreaterThan(0.05);
      expect(usage.peakMemoryBytes).toBeGreaterThan(100_000_000);
      expect(usage.oomKills).toBeGreaterThanOrEqual(1);
    }, 60_000);

    test.each(['/work', '/tmp'])(
      'a sandbox that fills %s beyond its disk limit is evicted, and says so',
      async (folder) => {
        const sandbox = await backend().create(LAB_SPEC);
        const fill = 'for i in 1 2 3; do head -c 40000000 /dev/zero > $0/$i; done; sleep 300';
        await sandbox.spawn(['bash', '-c', fill, folder]);
        expect(await sandbox.closed).toMatchObject({ reason: 'disk-limit' });
      },
      180_000,
    );

    test('no more processes run than the kubelet allows', async () => {
      const sandbox = await backend().create(LAB_SPEC);
      const script = 'for i in $(seq 400); do sleep 20 & done 2>&1';
      const { stdout } = await exec(sandbox, ['bash', '-c', script], { timeoutSeconds: 60 });
      expect(stdout.toString()).toContain('Resource temporarily unavailable');
    }, 90_000);
  });
}

interface Pod {
  metadata: { ownerReferences: { name: string }[] };
  status: { phase: string };
}

async function startOwner(home: string) {
  const program = join(import.meta.dirname, '..', 'support', 'kubernetes-owner.ts');
  const owner = spawn(process.execPath, ['--import', 'tsx', program, home], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const name of createInterface({ input: owner.stdout })) return { owner, name };
  throw new Error('the owner made no sandbox');
}

/** Some program in it is killed for want of memory. */
async function hogMemory(sandbox: Sandbox): Promise<void> {
  const result = await exec(sandbox, ['bash', '-c', 'head -c 1000000000 /dev/zero | tail -c 900000000 | wc -c']);
  expect(result.stdout.toString()).not.toContain('900000000');
}
