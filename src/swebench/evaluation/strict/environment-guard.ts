/** Finds what an installation changed that no installation of a project changes: the interpreter and its packages, start-up files, programs, how git sees the repository. */
import type { Sandbox } from '../../../contracts/index.ts';
import { exec } from '../../../sandbox/exec.ts';
import { ENV_FOLDER } from '../../environment/environment-scripts.ts';

/** Taken before something of the patch runs. */
export interface EnvironmentMark {
  /** Entries of the folders of packages and programs. */
  entries: ReadonlySet<string>;
  /** Digest by path. */
  programs: ReadonlyMap<string, string>;
  /** Digest by path of metadata that names plugins of pytest. */
  plugins: ReadonlyMap<string, string>;
  /** Packages of the repository itself. */
  ownPackages: ReadonlySet<string>;
  /** Names of modules of Python and of test runners. */
  modules: ReadonlySet<string>;
}

/** Seconds since 1970 on the sandbox's clock, as `find` takes it; the kernel notes changes of files by it, and nothing in a sandbox can set it. */
export type Moment = string;

/** Clocks of file systems tick in steps of up to 10 ms. */
const MOMENT =
  'now=$(date +%s%N) && now=$((now - 20000000)) && echo "$((now / 1000000000)).$(printf %09d $((now % 1000000000)))"';

const ENTRIES = `find "$1"/lib/python*/site-packages "$1/bin" -maxdepth 1 -mindepth 1 -print0`;

const PROGRAMS = `find "$1/bin" -type f -exec sha256sum -z {} +`;

/** Metadata is read wherever Python's path leads: packages and the work tree. */
const PLUGINS = `shopt -s nullglob
for entries in "$1"/lib/python*/site-packages/*/entry_points.txt "$2"/*.egg-info/entry_points.txt "$2"/*/*.egg-info/entry_points.txt; do
  ! grep -q pytest11 "$entries" || printf '%s\\0' "$(sha256sum < "$entries" | cut -d' ' -f1)$entries"
done`;

const OWN_PACKAGES = `cd "$2" && for place in . src lib; do ls -A "$place"; done 2>/dev/null | sed 's/\\.py$//' | sort -u | tr '\\n' '\\0'`;

const MODULES = `"$1/bin/python" -c 'import os, sys; sys.stdout.write("\\0".join(os.listdir(os.path.dirname(os.__file__)) + list(sys.builtin_module_names)))'`;

const RUNNER_MODULES = ['pytest', '_pytest', 'pluggy', 'iniconfig', 'xdist', 'tox', 'nose', 'coverage'];

/** Undefined where the environment has no Python of its own. */
export async function markEnvironment(sandbox: Sandbox, signal: AbortSignal): Promise<EnvironmentMark | undefined> {
  const entries = await listed(sandbox, ENTRIES, signal);
  if (entries.length === 0) return undefined;
  const plugins = await pluginMetadata(sandbox, signal);
  const ownPackages = new Set(await listed(sandbox, OWN_PACKAGES, signal));
  const modules = [...RUNNER_MODULES, ...(await listed(sandbox, MODULES, signal))];
  return {
    entries: new Set(entries),
    programs: await programDigests(sandbox, signal),
    plugins,
    ownPackages,
    modules: new Set(modules.map((name) => name.replace(/\.py$/, ''))),
  };
}

export async function momentIn(sandbox: Sandbox, signal: AbortSignal): Promise<Moment> {
  return (await listed(sandbox, MOMENT, signal)).join('').trim();
}

const IN_WORK_TREE = `cd "$2" && find . -path ./.git -prune -o -type f -newerct "@$3" -printf '%P\\0'`;

/** Files of the work tree that changed, relative to it. */
export async function changedInWorkTree(sandbox: Sandbox, since: Moment, signal: AbortSignal): Promise<string[]> {
  return listed(sandbox, IN_WORK_TREE, signal, since);
}

async function programDigests(sandbox: Sandbox, signal: AbortSignal): Promise<Map<string, string>> {
  const lines = await listed(sandbox, PROGRAMS, signal);
  return new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
}

async function pluginMetadata(sandbox: Sandbox, signal: AbortSignal): Promise<Map<string, string>> {
  const lines = await listed(sandbox, PLUGINS, signal);
  return new Map(lines.map((line) => [line.slice(64), line.slice(0, 64)]));
}

/** Everything but places that hold nothing which anybody runs; home folders may be file systems of their own. */
const CHANGED = `find / "$HOME" /root /home -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/tmp -o -path /var/cache -o -path /var/log -o -path /var/lib -o -path "$2" -o -name .cache -o -name .npm \\) -prune \\
  -o \\( -type f -o -type l \\) -newerct "@$3" -print0 2>/dev/null`;

/** Compiled files are taken for their source by its size and time, which anything can set: those that are new are made again. */
const FORGET_COMPILED = `find "$2" "$1" -path '*/__pycache__/*' -type f -newerct "@$3" -delete`;

export interface Installation {
  project: string;
  /** What was run. */
  script: string;
}

/** Paths that the installation does not account for. */
export async function tamperedSince(
  sandbox: Sandbox,
  mark: EnvironmentMark,
  { since, ...installation }: Installation & { since: Moment },
  signal: AbortSignal,
): Promise<string[]> {
  await listed(sandbox, FORGET_COMPILED, signal, since);
  const programs = await programDigests(sandbox, signal);
  // An installation writes its programs anew, as they were.
  const isSame = (path: string) => programs.has(path) && programs.get(path) === mark.programs.get(path);
  const changed = (await listed(sandbox, CHANGED, signal, since)).filter((path) => !isSame(path));
  const plugins = await pluginMetadata(sandbox, signal);
  const newPlugins = [...plugins].filter(([path, digest]) => mark.plugins.get(path) !== digest).map(([path]) => path);
  return [...new Set([...tamperedFiles(changed, mark, installation), ...newPlugins])].sort();
}

/** Those of `changed` that no installation of the project writes. Pure. */
export function tamperedFiles(
  changed: readonly string[],
  { entries, ownPackages }: Pick<EnvironmentMark, 'entries' | 'ownPackages'>,
  { project, script }: Installation,
): string[] {
  const installsSystemPackages = /\bapt(-get)?\b/.test(script);
  return changed.filter((path) => {
    if (path.includes('/__pycache__/')) return false;
    if (!path.startsWith(`${ENV_FOLDER}/`)) {
      if (/^\/(root|home)\//.test(path)) return isStartUpFile(path);
      return !(installsSystemPackages && /^\/(usr|etc|var)\//.test(path));
    }
    const [, , packaged] = /\/lib\/python[^/]*\/(site-packages)\/(.+)$/.exec(path) ?? [];
    if (packaged !== undefined) return !isPackaging(path, packaged, entries, ownPackages, project);
    if (path.startsWith(`${ENV_FOLDER}/bin/`)) return !isProgram(path, entries, project);
    return !/^\/(share|etc|include)\/|\/lib2to3\/[^/]+\.pickle$/.test(path.slice(ENV_FOLDER.length));
  });
}

/** What shells, git, pip and Python read from a home folder. The scripts themselves add the work tree to git's safe folders; the checks here do not read that file. */
function isStartUpFile(path: string): boolean {
  return /\.pth$|(site|user)customize\.py$|\/\.(bash[^/]*|profile|zsh[^/]*|pydistutils\.cfg|pythonrc[^/]*)$|\/\.(local|config\/(git|pip))\//.test(
    path,
  );
}

/** A package that was not there before comes with a new dependency, unless it is a start-up hook; one that was there is the project's own. */
function isPackaging(
  path: string,
  packaged: string,
  entries: ReadonlySet<string>,
  ownPackages: ReadonlySet<string>,
  project: string,
): boolean {
  const [first = ''] = packaged.split('/');
  if (/^(site|user)customize\b/.test(first)) return false;
  if (/^(__editable__.*|easy-install\.pth|.*\.egg-link|.*\.egg|_version\.py)$/.test(first)) return true;
  if (first.endsWith('.pth')) return plain(first).includes(plain(project));
  const entry = path.slice(0, path.length - packaged.length) + first;
  if (!entries.has(entry) || /\.(dist|egg)-info$/.test(first)) return true;
  return ownPackages.has(first.replace(/\.py$|\..*\.so$/, ''));
}

function isProgram(path: string, entries: ReadonlySet<string>, project: string): boolean {
  const name = path.split('/').at(-1) ?? '';
  return entries.has(path)
    ? plain(name).startsWith(plain(project))
    : !/^(python|pytest|py\.test|tox|bash|sh|git|env|pip)[\d.]*$/.test(name);
}

/** Names of projects are spelled with dashes, dots, underscores or none. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[-_.]/g, '');
}

/** The printed items of a program, which end in NUL. */
async function listed(sandbox: Sandbox, program: string, signal: AbortSignal, since = ''): Promise<string[]> {
  const argv = ['bash', '--noprofile', '--norc', '-c', program, 'bash', ENV_FOLDER, sandbox.spec.workdir, since];
  const { stdout } = await exec(sandbox, argv, { cwd: '/', timeoutSeconds: 300, signal });
  return stdout
    .toString()
    .split('\0')
    .filter((item) => item !== '');
}
