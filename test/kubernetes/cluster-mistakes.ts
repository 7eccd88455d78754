/** What users and their clusters get wrong, in the words that they are told. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exec } from '../../src/sandbox/exec.ts';
import { LAB_KUBECONFIG, LAB_SPEC, lab } from '../support/lab-cluster.ts';
import type { LabBackend } from './lab-backend.ts';

const ADMIN = LAB_KUBECONFIG.replace('account', 'admin');

/** `home`: for kubeconfigs. */
export function describeMistakes(backend: LabBackend, home: string): void {
  describe('mistakes', () => {
    /** The account's, with something replaced. */
    const kubeconfigWith = (name: string, from: RegExp, to: string) => {
      const path = join(home, name);
      writeFileSync(path, readFileSync(LAB_KUBECONFIG, 'utf8').replace(from, to));
      return path;
    };

    test.each([
      [
        'a certificate that nobody vouches for',
        'no-authority.conf',
        /, certificate-authority: "[^"]*"/,
        '',
        'is not trusted',
      ],
      ['a token that the server does not know', 'bad-token.conf', /token: [^}]*/, 'token: none', 'Unauthorized'],
    ])('%s', async (_name, file, from, to, words) => {
      const mistaken = backend({ kubeconfig: kubeconfigWith(file, from, to) });
      await expect(mistaken.create(LAB_SPEC)).rejects.toMatchObject({
        code: 'sandbox-unavailable',
        retryable: false,
        message: expect.stringContaining(words),
        hint: expect.stringMatching(/certificate-authority|kubectl auth whoami/),
      });
      expect((await mistaken.probe()).notes.join(' ')).toContain(words);
    });

    test('a namespace that is not there, by a user who may do everything', async () => {
      const elsewhere = backend({ kubeconfig: ADMIN, namespace: 'assey' });
      const words = 'namespaces "assey" not found';
      expect((await elsewhere.probe()).notes.join(' ')).toContain(words);
      await expect(elsewhere.create(LAB_SPEC)).rejects.toMatchObject({
        code: 'sandbox-unavailable',
        message: expect.stringContaining(words),
      });
    });

    test('classes and accounts that are not there are told before a run', async () => {
      expect((await backend({ runtimeClassName: 'gvisor' }).probe()).notes.join(' ')).toContain('"gvisor" not found');
      expect((await backend({ serviceAccountName: 'nobody' }).probe()).notes.join(' ')).toContain('"nobody" not found');
    });

    test('a quota for three holds nine sandboxes up, and fails none', async () => {
      const hold = (pods: string) =>
        lab('kubectl', '-n', 'assay', 'patch', 'resourcequota', 'sandboxes', '--type', 'merge', '-p', quotaOf(pods));
      await hold('3');
      try {
        const own = backend();
        const work = async () => {
          const sandbox = await own.create(LAB_SPEC);
          const { exitCode } = await exec(sandbox, ['true']);
          await sandbox.destroy();
          return exitCode;
        };
        expect(await Promise.all(Array.from({ length: 9 }, work))).toEqual(Array.from({ length: 9 }, () => 0));
      } finally {
        await hold('2000');
      }
    }, 180_000);

    test('a wait for a pod that no node takes ends at once when it is cancelled, with nothing left', async () => {
      const abort = new AbortController();
      const start = backend({ nodeSelector: { 'assay.dev/no': 'such' } }).create(LAB_SPEC, abort.signal);
      setTimeout(() => abort.abort(), 2_000);
      await expect(start).rejects.toMatchObject({ code: 'cancelled' });
    }, 30_000);
  });
}

function quotaOf(pods: string): string {
  return JSON.stringify({ spec: { hard: { 'count/pods': pods } } });
}
