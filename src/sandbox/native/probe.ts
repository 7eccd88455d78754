/** Tries a backend by really running a command in a sandbox. */
import { AssayError, type LimitsInForce, type SandboxBackend, type SandboxSpec } from '../../contracts/index.ts';
import { exec } from '../exec.ts';

const PROBE_SPEC: SandboxSpec = {
  base: { kind: 'host' },
  layers: [],
  limits: { memoryBytes: 2 ** 28, pids: 64, cpus: 1, diskBytes: 2 ** 24, wallSeconds: 30 },
  network: 'none',
  env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
  workdir: '/testbed',
};

const USERNS_HINT =
  'User namespaces may be closed to ordinary users: on Ubuntu run `sysctl kernel.apparmor_restrict_unprivileged_userns=0` as root, in a container allow them.';

export type ProbeResult = { works: true; limitsInForce: LimitsInForce } | { works: false; error: unknown };

export async function probeOnce(backend: SandboxBackend): Promise<ProbeResult> {
  try {
    const sandbox = await backend.create(PROBE_SPEC);
    try {
      const result = await exec(sandbox, ['/bin/sh', '-c', 'echo works'], { timeoutSeconds: 10 });
      const printed = result.stdout.toString();
      if (printed !== 'works\n') throw new Error(`a sandbox printed ${JSON.stringify(printed + result.stderr)}`);
      return { works: true, limitsInForce: sandbox.limitsInForce };
    } finally {
      await sandbox.destroy();
    }
  } catch (error) {
    return { works: false, error };
  }
}

/** The reason and what to do about it. */
export function probeNotes(error: unknown): string[] {
  const reason = error instanceof Error ? error.message : String(error);
  return [reason, (error instanceof AssayError ? error.hint : undefined) ?? USERNS_HINT];
}
