/**
 * States of a work tree inside its sandbox, kept in a git repository of their own: the agent's repository, its index and branches are not touched and may be destroyed. A state has files,
 * links and folders with their modes, and whole repositories inside of the work tree. Installed packages (`node_modules`, `.venv`), pipes, sockets, owners and times are no part of it.
 */
import { AssayError, type Checkpoints, type Sandbox } from '../contracts/index.ts';
import { exec } from '../sandbox/exec.ts';
import { RESTORE, SAVE } from './checkpoint-scripts.ts';

/** Outside of what is taken for the patch, and on the sandbox's disk. */
const FOLDER = '/var/tmp/assay-checkpoints';

const ENV = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', LC_ALL: 'C', HOME: '/nonexistent' };

/** One per attempt; `folder` is where states are kept in the sandbox. Uses nothing but `spawn`, so that it works on every backend. */
export function workTreeCheckpoints(sandbox: Sandbox, folder: string = FOLDER): Checkpoints {
  const run = async (script: string, args: readonly string[], signal: AbortSignal) => {
    const argv = ['bash', '-c', script, 'bash', folder, sandbox.spec.workdir, ...args];
    const result = await exec(sandbox, argv, { cwd: '/', env: ENV, timeoutSeconds: 300, signal });
    if (result.exitCode === 0) return result.stdout.toString().trim();
    const code = result.sandboxDied ? 'sandbox-died' : 'sandbox-file';
    throw new AssayError(code, `the work tree could not be kept or put back: ${result.stderr.toString().slice(-300)}`, {
      class: 'infra',
      retryable: true,
    });
  };
  return {
    save: (signal) => run(SAVE, [], signal),
    async restore(name, signal) {
      await run(RESTORE, [name], signal);
    },
  };
}
