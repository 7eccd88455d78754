/**
 * States of a work tree inside its sandbox, kept as trees in a git repository of their own: the agent's repository, its index and branches are not touched and may be destroyed. Installed
 * packages (`node_modules`, `.venv`) are no part of a state.
 */
import { AssayError, type Checkpoints, type Sandbox } from '../contracts/index.ts';
import { exec } from '../sandbox/exec.ts';

/** Outside of what is taken for the patch, and on the sandbox's disk. */
const FOLDER = '/var/tmp/assay-checkpoints';

const SET_UP = `
[ -d "$1" ] || { git init -q --bare "$1" && printf '%s\\n' '* -text -ident -filter' > "$1/info/attributes"; } || exit 1
export GIT_DIR=$1 GIT_WORK_TREE=$2
mkdir -p "$2" && cd "$2" || exit 1
`;

/** Prints the name of the state. */
const SAVE = `${SET_UP}
git add -A -f -- . ':(exclude,glob)**/node_modules/**' ':(exclude,glob)**/.venv/**' && git write-tree
`;

const RESTORE = `${SET_UP}
git read-tree "$3" && git checkout-index -q -a -f && git clean -q -d -ff -x -e node_modules -e .venv
`;

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
