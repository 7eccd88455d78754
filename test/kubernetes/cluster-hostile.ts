/** Programs inside that work against the connection of their own sandbox. */
import { describe, expect, test } from 'vitest';
import { exec } from '../../src/sandbox/exec.ts';
import { LAB_SPEC } from '../support/lab-cluster.ts';
import type { LabBackend } from './lab-backend.ts';

const COMMANDS = 8;

/** Kills whatever the container runtime starts beside the agent, and writes into its pipes where it can get at them. */
const AGAINST_RELAYS = `
while :; do
  for place in /proc/[0-9]*; do
    pid=\${place#/proc/}
    [ "$pid" = 1 ] && continue
    { head -c 65536 /dev/zero > "$place/fd/1"; } 2> /dev/null &
    grep -qa relay "$place/cmdline" 2> /dev/null && kill -9 "$pid" 2> /dev/null
  done
done`;

export function describeHostile(backend: LabBackend): void {
  describe('programs against their own connection', () => {
    test('do not change what commands say and how they end', async () => {
      const sandbox = await backend().create(LAB_SPEC);
      const hostile = await sandbox.spawn(['bash', '-c', AGAINST_RELAYS]);
      hostile.stdout.resume();
      hostile.stderr.resume();
      for (let n = 0; n < COMMANDS; n++) {
        const { stdout, exitCode } = await exec(sandbox, ['bash', '-c', `echo ${n}; exit ${n}`], {
          timeoutSeconds: 60,
        });
        expect([stdout.toString(), exitCode]).toEqual([`${n}\n`, n]);
      }
      hostile.kill('SIGKILL');
      await hostile.exit;
    }, 240_000);
  });
}
