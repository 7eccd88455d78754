/** What a real cluster does to sandboxes while its parts fail. */
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Sandbox } from '../../src/contracts/index.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { LAB_PODS, LAB_SPEC, lab, labClient, labPodNames } from '../support/lab-cluster.ts';
import type { LabBackend } from './lab-backend.ts';

export function describeFaults(backend: LabBackend): void {
  describe('a cluster whose parts fail', () => {
    afterEach(() => lab('mend', 'lab1'));

    test.each([
      ['its kubelet is killed and started', 3, ['stop', 'kubelet-lab1', '-KILL'], ['start', 'kubelet-lab1']],
      ['the API server is killed, and away for 30 s', 30, ['stop', 'apiserver', '-KILL'], ['start', 'apiserver']],
      ['the network of its node is cut and mended', 5, ['cut', 'lab1'], ['mend', 'lab1']],
    ])(
      'a command goes on, and its output arrives whole, while %s',
      async (_name, seconds, fault, cure) => {
        const sandbox = await backend().create(LAB_SPEC);
        const counted = countTo(80, sandbox);
        await sleep(500);
        await lab(...fault);
        await sleep(1_000 * seconds);
        await lab(...cure);
        expect(await counted).toEqual({ output: numbers(80), code: 5 });
        expect((await exec(sandbox, ['echo', 'on'])).stdout.toString()).toBe('on\n');
      },
      180_000,
    );

    test('pods can be started after the API server was killed', async () => {
      const own = backend();
      await (await own.create(LAB_SPEC)).destroy();
      await lab('stop', 'apiserver', '-KILL');
      const started = own.create(LAB_SPEC);
      await sleep(3_000);
      await lab('start', 'apiserver');
      expect((await exec(await started, ['echo', 'on'])).stdout.toString()).toBe('on\n');
    }, 240_000); // its node may still be out of reach from the test before

    test('a pod that somebody deletes ends its sandbox and says so', async () => {
      const sandbox = await backend().create(LAB_SPEC);
      const child = await sandbox.spawn(['sleep', '300']);
      await (await labClient()).call({
        method: 'DELETE',
        path: `${LAB_PODS}/${sandbox.id}`,
        query: { gracePeriodSeconds: '1' },
      });
      expect(await sandbox.closed).toMatchObject({ reason: 'died', message: expect.stringContaining('deleted') });
      expect((await child.exit).sandboxDied).toBe(true);
      await expect(sandbox.spawn(['true'])).rejects.toMatchObject({ code: 'sandbox-died' });
    }, 60_000);

    test('a pod whose deadline is over ends as at its wall limit', async () => {
      const sandbox = await backend().create(LAB_SPEC);
      const path = `${LAB_PODS}/${sandbox.id}`;
      await (await labClient()).call({ method: 'PATCH', path, body: { spec: { activeDeadlineSeconds: 1 } } });
      expect(await sandbox.closed).toMatchObject({
        reason: 'wall-limit',
        message: expect.stringContaining('DeadlineExceeded'),
      });
    }, 90_000);

    test('a sandbox on a node that stays cut off ends on both sides', async () => {
      const sandbox = await backend({ orphanSeconds: 10 }).create(LAB_SPEC);
      await lab('cut', 'lab1');
      const end = await sandbox.closed;
      expect(end).toMatchObject({ reason: 'died', message: expect.stringContaining('silent') });
      await lab('mend', 'lab1');
      await expect.poll(labPodNames, { timeout: 60_000, interval: 500 }).not.toContain(sandbox.id);
      await expect.poll(containersOnNode, { timeout: 60_000, interval: 500 }).toBe(0);
    }, 180_000);
  });
}

/** A command that prints a number each tenth of a second, and what came of it. */
async function countTo(last: number, sandbox: Sandbox) {
  const script = `for i in $(seq ${last}); do echo $i; sleep 0.1; done; exit 5`;
  const child = await sandbox.spawn(['bash', '-c', script], { stderr: 'merge' });
  const [output, exit] = await Promise.all([text(child.stdout), child.exit]);
  return { output, code: exit.code };
}

function numbers(last: number): string {
  return Array.from({ length: last }, (_, n) => `${n + 1}\n`).join('');
}

async function containersOnNode(): Promise<number> {
  return (await lab('containers', 'lab1')).split('\n').filter((line) => line !== '').length;
}
