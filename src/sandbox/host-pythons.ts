/** Python interpreters of the host beside the system's own: what version managers keep in home folders, and `python3.N` in /usr. */
import { access, constants, readdir, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

export interface HostPython {
  /** `3.9` */
  minor: string;
  /** `3.9.18`; as `minor` where only that is known. */
  version: string;
  /** Path of the interpreter on the host. */
  path: string;
  /** Folder of everything that belongs to it; undefined below /usr, which every sandbox has. */
  prefix?: string;
}

/** Newest first; at most one per minor version, version managers before the system. */
export async function findPythons(env: NodeJS.ProcessEnv = process.env): Promise<HostPython[]> {
  const home = env.HOME ?? homedir();
  const found = [
    ...(await managed(join(env.PYENV_ROOT ?? join(home, '.pyenv'), 'versions'))),
    ...(await managed(join(env.XDG_DATA_HOME ?? join(home, '.local', 'share'), 'uv', 'python'))),
    ...(await system('/usr/local/bin')),
    ...(await system('/usr/bin')),
  ];
  const byMinor = new Map<string, HostPython>();
  for (const python of found) if (!byMinor.has(python.minor)) byMinor.set(python.minor, python);
  return [...byMinor.values()].sort((a, b) => compare(b.version, a.version));
}

/** Those below /usr are no folder of their own. */
export function canTravel({ prefix }: HostPython): boolean {
  return prefix !== undefined;
}

async function managed(folder: string): Promise<HostPython[]> {
  const pythons: HostPython[] = [];
  for (const name of await entries(folder)) {
    const match = /^(?:cpython-)?((\d+\.\d+)\.\d+)(?:-|$)/.exec(name);
    const path = join(folder, name, 'bin', `python${match?.[2]}`);
    if (match === null || !(await isProgram(path))) continue;
    const prefix = await realpath(join(folder, name));
    pythons.push({
      minor: match[2] ?? '',
      version: match[1] ?? '',
      path: join(prefix, 'bin', `python${match[2]}`),
      prefix,
    });
  }
  return pythons.sort((a, b) => compare(b.version, a.version));
}

async function system(folder: string): Promise<HostPython[]> {
  const pythons: HostPython[] = [];
  for (const name of await entries(folder)) {
    const minor = /^python(\d+\.\d+)$/.exec(name)?.[1];
    const path = join(folder, name);
    if (minor === undefined || !(await isProgram(path)) || !dirname(await realpath(path)).startsWith('/usr/')) continue;
    pythons.push({ minor, version: minor, path });
  }
  return pythons;
}

function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  for (let index = 0; index < 3; index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

async function entries(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EACCES' || error.code === 'ENOTDIR') return [];
    throw error;
  });
}

async function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
