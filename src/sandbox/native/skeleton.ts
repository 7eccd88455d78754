/**
 * The root directory that the tiers without the helper start from: empty folders, links of a merged /usr, and the few files of the host's /etc that
 * programs need. An allow-list: what is not named here does not exist in the sandbox. /usr and toolchains are bound read-only on top.
 */

import { randomBytes } from 'node:crypto';
import { chmod, cp, lchown, lstat, mkdir, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../base/make-folder.ts';

/** Entries of /etc that hold no secrets and that programs look for. */
const ETC = [
  'passwd',
  'group',
  'nsswitch.conf',
  'hosts',
  'host.conf',
  'gai.conf',
  'resolv.conf',
  'protocols',
  'services',
  'networks',
  'localtime',
  'timezone',
  'locale.alias',
  'default/locale',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'alternatives',
  'ssl/certs',
  'ssl/openssl.cnf',
  'ca-certificates',
  'ca-certificates.conf',
  'pki/tls/certs',
  'pki/ca-trust/extracted',
  'mime.types',
  'magic',
  'inputrc',
  'terminfo',
  'login.defs',
  'shells',
  'debian_version',
  'lsb-release',
  'os-release',
  'redhat-release',
  'alpine-release',
  'python3',
  'python3.11',
  'perl',
  'java',
  'java-17-openjdk',
  'fonts',
  'pip.conf',
  'npmrc',
] as const;

/** Made empty and writable for the user inside. */
const EMPTY = [
  'dev',
  'etc',
  'home/agent',
  'opt',
  'proc',
  'root',
  'run',
  'sys',
  'testbed',
  'tmp',
  'usr',
  'var/cache',
  'var/lib',
  'var/log',
  'var/tmp',
];

/** Files whose text names a user and password in an address are left out. */
const CREDENTIALS = /:\/\/[^/\s]*:[^/\s]*@|_authToken|_password|^\s*password/im;

/** Top-level folders that are links into /usr on most systems and real folders on some. */
export const LIBRARY_FOLDERS = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'] as const;

/** Builds the skeleton at `target` unless it is there; owned by `uid`. Atomic: a half-made one is never used. */
export async function buildSkeleton(target: string, uid: number): Promise<void> {
  if (await exists(target)) return;
  const temporary = `${target}.${randomBytes(4).toString('hex')}.tmp`;
  for (const folder of EMPTY) await makeFolder(join(temporary, folder));
  for (const name of LIBRARY_FOLDERS) {
    const entry = await lstat(`/${name}`).catch(() => null);
    if (entry?.isSymbolicLink()) await symlink(await readlink(`/${name}`), join(temporary, name));
    else if (entry?.isDirectory()) await mkdir(join(temporary, name));
  }
  for (const name of ETC) await copyEtc(name, join(temporary, 'etc', name));
  await chmod(join(temporary, 'var/tmp'), 0o1777);
  if (process.getuid?.() === 0) await chownTree(temporary, uid);
  await rename(temporary, target).catch(async (error: NodeJS.ErrnoException) => {
    await rm(temporary, { recursive: true, force: true });
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error; // another process was first: its result is as good
  });
}

async function copyEtc(name: string, target: string): Promise<void> {
  const source = join('/etc', name);
  const entry = await lstat(source).catch(() => null);
  if (entry === null) return;
  if (name === 'pip.conf' || name === 'npmrc') {
    if (CREDENTIALS.test(await readFile(source, 'utf8'))) return;
  }
  // /etc/resolv.conf and /etc/localtime may lead to places that do not exist inside: their content is copied.
  const dereference = entry.isSymbolicLink();
  await cp(source, target, { recursive: true, dereference, verbatimSymlinks: !dereference, filter: readable }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' && error.code !== 'EACCES') throw error; // a dangling link or a closed file: it does not exist inside
    },
  );
}

/** Only what everybody may read. */
async function readable(source: string): Promise<boolean> {
  const entry = await lstat(source).catch(() => null);
  return (
    entry !== null && (entry.isSymbolicLink() || entry.isDirectory() || (entry.isFile() && (entry.mode & 0o004) !== 0))
  );
}

async function chownTree(path: string, uid: number): Promise<void> {
  await lchown(path, uid, uid);
  const entry = await lstat(path);
  if (!entry.isDirectory()) return;
  for (const child of await readdir(path)) await chownTree(join(path, child), uid);
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null;
}
