/** Pods that a controller makes of sandbox objects, as in clusters with kubernetes-sigs/agent-sandbox. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exec } from '../../src/sandbox/exec.ts';
import { LAB_PODS, LAB_SPEC, lab, labClient, labPodNames } from '../support/lab-cluster.ts';
import { sandboxObjectNames, startSandboxController } from '../support/sandbox-controller.ts';
import type { LabBackend } from './lab-backend.ts';

const DEFINITION = join(import.meta.dirname, 'lab', 'sandbox-definition.yaml');
const DEPLOY = join(import.meta.dirname, '..', '..', 'deploy', 'kubernetes', 'agent-sandbox');

export function describeObjects(backend: LabBackend): void {
  describe('objects of agent-sandbox', () => {
    let stop: () => Promise<void> = async () => {};
    const onObjects = (more: object = {}) => backend({ agentSandbox: true, ...more });

    test('are missed by the probe of a cluster that does not have them', async () => {
      const probe = await onObjects().probe();
      expect(probe).toMatchObject({ available: false });
      expect(probe.notes.join(' ')).toContain('create sandboxes');
    }, 60_000);

    describe('in a cluster that has them', () => {
      beforeAll(async () => {
        await lab('kubectl', 'apply', '-f', DEFINITION);
        await lab('kubectl', 'wait', '--for=condition=Established', 'crd/sandboxes.agents.x-k8s.io', '--timeout=60s');
        await lab('kubectl', 'apply', '-k', DEPLOY);
      }, 90_000);
      afterAll(async () => {
        await stop();
        await lab('kubectl', 'delete', '-f', DEFINITION);
      }, 90_000);

      test('that nobody makes pods of are given up in time', async () => {
        await expect(onObjects({ scheduleSeconds: 2 }).create(LAB_SPEC)).rejects.toMatchObject({
          code: 'sandbox-create-failed',
          message: expect.stringContaining('nobody told of it'),
        });
        await expect.poll(sandboxObjectNames, { timeout: 30_000 }).toEqual([]);
      }, 90_000);

      test('become sandboxes, and go with them', async () => {
        stop = await startSandboxController();
        const own = onObjects();
        expect(await own.probe()).toMatchObject({ available: true });
        const sandboxes = await Promise.all([own.create(LAB_SPEC), own.create(LAB_SPEC)]);
        expect((await sandboxObjectNames()).sort()).toEqual(sandboxes.map(({ id }) => id).sort());
        for (const one of sandboxes) expect((await exec(one, ['cat', '/etc/hostname'])).exitCode).toBe(0);
        await Promise.all(sandboxes.map((one) => one.destroy()));
        await expect.poll(sandboxObjectNames, { timeout: 30_000 }).toEqual([]);
        expect(await labPodNames()).toEqual([]);
      }, 120_000);

      test('whose pod somebody deletes are ended, not begun anew without their files', async () => {
        const sandbox = await onObjects().create(LAB_SPEC);
        const path = `${LAB_PODS}/${sandbox.id}`;
        await (await labClient()).call({ method: 'DELETE', path, body: { gracePeriodSeconds: 1 } });
        expect(await sandbox.closed).toMatchObject({ reason: 'died', message: expect.stringContaining('deleted') });
        await expect.poll(sandboxObjectNames, { timeout: 30_000 }).toEqual([]);
        await expect.poll(labPodNames, { timeout: 30_000 }).toEqual([]);
      }, 120_000);
    });
  });
}
