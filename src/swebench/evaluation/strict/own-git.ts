/** git in a sandbox with settings of its own: those of the repository and of home folders are within reach of an installation. */
import type { Sandbox } from '../../../contracts/index.ts';
import { exec } from '../../../sandbox/exec.ts';

export type OwnGit = (args: readonly string[], input?: string) => Promise<{ exitCode: number | null; stdout: string }>;

const SETTINGS = [
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'core.attributesFile=/dev/null',
  'safe.directory=*',
];
const ENV = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_ATTR_NOSYSTEM: '1' };

/** Runs in the work tree. `index`: a file to use in place of the repository's own. */
export function ownGit(sandbox: Sandbox, signal: AbortSignal, index?: string): OwnGit {
  const env = index === undefined ? ENV : { ...ENV, GIT_INDEX_FILE: index };
  return async (args, input) => {
    const argv = ['git', ...SETTINGS.flatMap((setting) => ['-c', setting]), ...args];
    const options = { cwd: sandbox.spec.workdir, env, timeoutSeconds: 300, signal };
    const result = await exec(sandbox, argv, input === undefined ? options : { ...options, input });
    return { exitCode: result.exitCode, stdout: result.stdout.toString() };
  };
}
