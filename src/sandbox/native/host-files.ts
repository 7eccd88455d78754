/** What all tiers of the native backend read from the host: the skeleton, the system-call filter, the read-only binds. */
import { chmod, lstat, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { makeFolder } from '../../base/make-folder.ts';
import type { AssayPaths } from '../../base/paths.ts';
import { AssayError } from '../../contracts/index.ts';
import { hostBase } from '../host-base.ts';
import { seccompFilter } from './seccomp-filter.ts';
import { buildSkeleton, LIBRARY_FOLDERS } from './skeleton.ts';

/** The host user that sandboxes run as when Assay itself is root. */
const UNPRIVILEGED_UID = 100_000;

/** That user, or undefined when Assay runs as an ordinary user, as whom sandboxes then run too. */
export function sandboxUid(): number | undefined {
  return process.getuid?.() === 0 ? UNPRIVILEGED_UID : undefined;
}

export interface HostFiles {
  skeleton: string;
  filterFile: string;
  binds: { source: string; target: string }[];
}

/** Makes what is missing; folders that the unprivileged user must enter are opened for it. Throws `sandbox-unavailable` when one is closed to it. */
export async function prepareHostFiles(paths: AssayPaths): Promise<HostFiles> {
  const uid = sandboxUid();
  const base = await hostBase();
  for (const folder of [paths.home, paths.sandboxes, paths.layers, paths.native]) {
    await makeFolder(folder);
    if (uid !== undefined) await chmod(folder, 0o711);
  }
  if (uid !== undefined) await demandReachable(paths.home);
  const skeleton = join(paths.native, `skeleton-${base.digest.slice(7, 23)}`);
  await buildSkeleton(skeleton, uid ?? process.getuid?.() ?? 0);
  const filterFile = join(paths.native, `seccomp-${process.arch}.bpf`);
  await writeFileAtomic(filterFile, seccompFilter(process.arch === 'arm64' ? 'arm64' : 'x64'));
  const libraries: { source: string; target: string }[] = [];
  for (const name of ['usr', ...LIBRARY_FOLDERS]) {
    const entry = await stat(`/${name}`).catch(() => null);
    if (entry?.isDirectory() && !(await isLink(`/${name}`))) libraries.push({ source: `/${name}`, target: `/${name}` });
  }
  return { skeleton, filterFile, binds: [...libraries, ...base.binds] };
}

async function demandReachable(folder: string): Promise<void> {
  for (let at = folder; at !== dirname(at); at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) !== 0) continue;
    throw new AssayError('sandbox-unavailable', `${at} is closed to the user that sandboxes run as`, {
      class: 'infra',
      retryable: false,
      hint: `Run \`chmod o+x ${at}\`, or set ASSAY_HOME to a folder that others may enter, such as /var/lib/assay.`,
    });
  }
}

async function isLink(path: string): Promise<boolean> {
  return (await lstat(path)).isSymbolicLink();
}
