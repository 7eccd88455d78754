/** Programs a task needs from the host, checked before anything is built. */
import { AssayError, type TaskInstance } from '../contracts/index.ts';
import type { HostBase } from '../sandbox/host-base.ts';

const INSTALL: Readonly<Record<string, string>> = {
  node: 'install Node 20.19 or newer (https://nodejs.org)',
  npm: 'install npm (it comes with Node)',
  python3: 'install Python 3 (Debian: apt install python3 python3-venv)',
  git: 'install git (Debian: apt install git)',
  patch: 'install patch (Debian: apt install patch)',
  cc: 'install a C compiler (Debian: apt install build-essential)',
  make: 'install make (Debian: apt install make)',
};

/** Throws `environment-tool-missing` naming every missing program and how to get it. git and bash are always needed. */
export function requireTools(instance: TaskInstance, host: HostBase): void {
  const wanted = [...new Set(['git', 'bash', ...instance.task.environment.tools])];
  const missing = wanted.filter((name) => (host.tools[name] ?? null) === null);
  if (missing.length === 0) return;
  throw new AssayError(
    'environment-tool-missing',
    `${instance.instanceId} needs ${missing.join(', ')} on this machine.`,
    {
      class: 'infra',
      retryable: false,
      hint: `${missing.map((name) => INSTALL[name] ?? `install ${name}`).join('; ')}. Programs in home folders count when their folder is in PATH.`,
      details: { missing },
    },
  );
}
