/** More than one node, of which one is lost. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { exec } from '../../src/sandbox/exec.ts';
import { LAB_SPEC, lab } from '../support/lab-cluster.ts';
import type { LabBackend } from './lab-backend.ts';

export function describeNodes(backend: LabBackend): void {
  describe('two nodes', () => {
    beforeAll(async () => {
      const nodes = await lab('kubectl', 'get', 'nodes', '-o', 'name');
      if (!nodes.includes('node/lab2')) await lab('node', 'lab2', '12');
    }, 240_000);
    afterEach(() => lab('mend', 'lab2'));

    const on = (node: string) => backend({ nodeSelector: { 'kubernetes.io/hostname': node }, orphanSeconds: 10 });

    test('sandboxes run on both', async () => {
      const own = backend();
      const sandboxes = await Promise.all(Array.from({ length: 10 }, () => own.create(LAB_SPEC)));
      await Promise.all(sandboxes.map((one) => exec(one, ['true'])));
      const places = await lab('kubectl', '-n', 'assay', 'get', 'pods', '-o', 'jsonpath={.items[*].spec.nodeName}');
      expect(new Set(places.split(' '))).toEqual(new Set(['lab1', 'lab2']));
    }, 120_000);

    test('when one is lost its sandboxes end, others go on, a pod that was given to it is given up, and nothing is left there', async () => {
      const [here, there] = await Promise.all([on('lab1').create(LAB_SPEC), on('lab2').create(LAB_SPEC)]);
      await lab('cut', 'lab2');
      const late = on('lab2').create(LAB_SPEC);
      const given = expect(late).rejects.toMatchObject({
        code: 'sandbox-create-failed',
        retryable: true,
        message: expect.stringMatching(/lab2 has not taken it on|Insufficient|untolerated|taint|deleted/),
      });
      expect(await there.closed).toMatchObject({ reason: 'died' });
      expect((await exec(here, ['echo', 'on'])).stdout.toString()).toBe('on\n');
      await given;
      await lab('mend', 'lab2');
      await expect.poll(() => lab('containers', 'lab2'), { timeout: 90_000, interval: 1_000 }).toBe('');
    }, 400_000);
  });
}
