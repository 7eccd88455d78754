/**
 * The host as a base for sandboxes: which programs it has, where they are seen inside, and a digest of what matters. Programs that live in a home folder (nvm, pyenv) are
 * bound read-only at the same path; ones outside of homes are preferred.
 */
import { access, constants, readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOf } from '../base/digest.ts';
import { runHostProcess } from '../base/host-process.ts';
import { findPythons, type HostPython } from './host-pythons.ts';

export interface HostTool {
  path: string;
  version: string;
}

export interface HostBase {
  /** Of OS release, architecture and tool versions: environments built on equal digests are interchangeable. */
  digest: `sha256:${string}`;
  /** PATH inside a sandbox. */
  path: string;
  /** Read-only toolchain folders that /usr does not hold. */
  binds: { source: string; target: string }[];
  tools: Record<string, HostTool | null>;
  /** Interpreters that recipes may take along by version; neither bound nor part of the digest. */
  pythons: HostPython[];
}

/** Programs tasks may ask for, with the arguments that print the version. */
const TOOLS: Readonly<Record<string, readonly string[]>> = {
  node: ['--version'],
  npm: ['--version'],
  python3: ['--version'],
  git: ['--version'],
  bash: ['--version'],
  patch: ['--version'],
  cc: ['--version'],
  make: ['--version'],
};

const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

let cached: Promise<HostBase> | undefined;

/** Looks the host over, once per process. */
export function hostBase(): Promise<HostBase> {
  cached ??= inspectHost();
  return cached;
}

async function inspectHost(): Promise<HostBase> {
  const tools: Record<string, HostTool | null> = {};
  const toolchains = new Map<string, string>();
  for (const [name, args] of Object.entries(TOOLS)) {
    const found = await findTool(name);
    tools[name] = found === null ? null : { path: found.path, version: await versionOf(found.path, args) };
    if (found?.toolchain !== undefined) toolchains.set(found.toolchain, dirname(found.path));
  }
  const pythons = await findPythons();
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const versions = Object.fromEntries(Object.entries(tools).map(([name, tool]) => [name, tool?.version ?? null]));
  return {
    digest: digestOf({ release, arch: process.arch, versions, toolchains: [...toolchains.keys()] }),
    path: [...new Set([...toolchains.values(), ...SYSTEM_FOLDERS])].join(':'),
    binds: [...toolchains.keys()].map((folder) => ({ source: folder, target: folder })),
    tools,
    pythons,
  };
}

/** The program in a system folder if it is there; else the one in PATH, with the folder of its toolchain. */
async function findTool(name: string): Promise<{ path: string; toolchain?: string } | null> {
  for (const folder of SYSTEM_FOLDERS) {
    const path = join(folder, name);
    if ((await isProgram(path)) && (await realpath(path)).startsWith('/usr/')) return { path };
  }
  const candidates =
    name === 'node' ? [process.execPath] : name === 'npm' ? [join(dirname(process.execPath), 'npm')] : [];
  for (const folder of (process.env.PATH ?? '').split(':')) candidates.push(join(folder, name));
  for (const path of candidates) {
    if (!path.startsWith('/') || path.includes('/shims/') || !(await isProgram(path))) continue;
    const real = await realpath(path);
    return { path, toolchain: dirname(dirname(name === 'npm' ? path : real)) };
  }
  return null;
}

async function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function versionOf(path: string, args: readonly string[]): Promise<string> {
  const result = await runHostProcess([path, ...args], {
    timeoutMs: 10_000,
    env: { PATH: `${dirname(path)}:/usr/bin:/bin`, HOME: '/nonexistent' },
  });
  return result.stdout.toString().split('\n')[0]?.trim() ?? '';
}
