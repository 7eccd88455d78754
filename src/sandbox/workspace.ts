/** Shell session and files of one sandbox, with the environment variables that keep programs from waiting for a terminal. */
import type { Sandbox, Workspace } from '../contracts/index.ts';
import { sandboxFiles } from './files.ts';
import { BashSession, type ShellSessionOptions } from './shell-session.ts';

/** For `SandboxSpec.env`: programs behave as without a terminal, pagers and prompts never wait. */
export const WORKSPACE_ENV: Readonly<Record<string, string>> = {
  TERM: 'dumb',
  PAGER: 'cat',
  GIT_PAGER: 'cat',
  MANPAGER: 'cat',
  GIT_TERMINAL_PROMPT: '0',
  GIT_EDITOR: 'true',
  PYTHONUNBUFFERED: '1',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  npm_config_update_notifier: 'false',
  CI: '1',
};

/** Opens the workspace of a running sandbox. The shell starts with the first command. */
export function openWorkspace(sandbox: Sandbox, options: ShellSessionOptions = {}): Workspace {
  return { workdir: sandbox.spec.workdir, shell: new BashSession(sandbox, options), files: sandboxFiles(sandbox) };
}
