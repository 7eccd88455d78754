/** Finds what an installation changed that no installation of a project changes: the test runner, start-up hooks of the interpreter, programs. */
import type { Sandbox } from '../../../contracts/index.ts';
import { type ExecResult, exec } from '../../../sandbox/exec.ts';
import { ENV_FOLDER } from '../../environment/environment-scripts.ts';

/** Lists digests of start-up files, runner packages and programs of the environment. */
const LIST = `shopt -s nullglob dotglob
for packages in "$1"/lib/python*/site-packages; do
  find "$packages" -maxdepth 1 -type f -print0
  for runner in pytest _pytest pluggy tox tox_current_env xdist iniconfig; do
    [ ! -d "$packages/$runner" ] || find "$packages/$runner" -name '*.py' -type f -print0
  done
done | sort -z | xargs -0 -r sha256sum --
find "$1/bin" -type f -print0 | sort -z | xargs -0 -r sha256sum --
find "$1/bin" -type l -printf '%l  %p\\n' | sort
for entries in "$1"/lib/python*/site-packages/*/entry_points.txt "$2"/*.egg-info/entry_points.txt "$2"/*/*.egg-info/entry_points.txt; do
  section=$(awk '/^\\[/ { ours = /^\\[pytest11\\]/ } ours' "$entries")
  [ -z "$section" ] || echo "$(sha256sum <<<"$section" | cut -d' ' -f1)  pytest11:$entries"
done
for home in "$HOME" /home/agent; do find "$home" -maxdepth 4 \\( -name '*.pth' -o -name 'sitecustomize.py' -o -name 'usercustomize.py' -o -name '.bash*' -o -name '.profile' \\) -printf 'there  %p\\n'; done 2>/dev/null | sort -u
`;

export type EnvironmentState = ReadonlyMap<string, string>;

/** Path to digest. */
export async function environmentState(sandbox: Sandbox, signal: AbortSignal): Promise<EnvironmentState> {
  const argv = ['bash', '--noprofile', '--norc', '-c', LIST, 'bash', ENV_FOLDER, sandbox.spec.workdir];
  return stateOf(await exec(sandbox, argv, { cwd: '/', timeoutSeconds: 120, signal }));
}

/** Of lines `digest  path`. */
function stateOf({ stdout }: ExecResult): EnvironmentState {
  const lines = stdout
    .toString()
    .split('\n')
    .filter((line) => line !== '');
  return new Map(lines.map((line) => [line.replace(/^\S+ [ *]/, ''), line.split(' ')[0] ?? '']));
}

const REPOSITORY = `cd "$1" && for path in .git/config .git/HEAD .git/packed-refs .git/info .git/hooks .git/refs .git/objects/info .git/modules; do
  [ ! -e "$path" ] || find "$path" -type f -print0
done | sort -z | xargs -0 -r sha256sum --`;

/** Digest of what decides how git sees the repository; a patch never changes it, and `patch` would let one. */
export async function repositoryState(sandbox: Sandbox, signal: AbortSignal): Promise<string> {
  const argv = ['bash', '--noprofile', '--norc', '-c', REPOSITORY, 'bash', sandbox.spec.workdir];
  return (await exec(sandbox, argv, { cwd: '/', timeoutSeconds: 120, signal })).stdout.toString();
}

const SOURCES = `find "$1" -path "$1/.git" -prune -o -name '*.py' -type f -print0 | xargs -0 -r sha256sum --`;

/** Digests of all Python files of the work tree. */
export async function sourceState(sandbox: Sandbox, signal: AbortSignal): Promise<EnvironmentState> {
  const argv = ['bash', '--noprofile', '--norc', '-c', SOURCES, 'bash', sandbox.spec.workdir];
  return stateOf(await exec(sandbox, argv, { cwd: '/', timeoutSeconds: 120, signal }));
}

/** Paths that differ and that the installation of `project` does not account for. */
export function tamperedFiles(before: EnvironmentState, after: EnvironmentState, project: string): string[] {
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.get(path) !== after.get(path),
  );
  return changed.filter((path) => !isInstallation(path, project, before)).sort();
}

/** Links to the project, and console scripts that were not there or are the project's own. */
function isInstallation(path: string, project: string, before: EnvironmentState): boolean {
  const name = path.split('/').at(-1) ?? '';
  if (/^(__editable__.*|easy-install\.pth|.*\.egg-link|.*\.egg|_version\.py)$/.test(name)) return true;
  if (name.endsWith('.pth')) return name.toLowerCase().includes(project.toLowerCase());
  // A module that was not there before comes with a new dependency; start-up hooks have names of their own.
  if (name.endsWith('.py') && !before.has(path)) return !/^(site|user)customize\.py$/.test(name);
  if (!path.includes('/bin/')) return false;
  return !before.has(path)
    ? !/^(python|pytest|py\.test|tox|bash|sh|git|env|pip)[\d.]*$/.test(name)
    : name.startsWith(project);
}
