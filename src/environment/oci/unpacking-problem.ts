/** Whether this machine can unpack layers. */
import { runHostProcess } from '../../base/host-process.ts';

const MAP_TRY = ['unshare', '--user', '--map-root-user', 'true'];

/** What is missing and how to get it; undefined when layers can be unpacked here. */
export async function unpackingProblem(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'layers are unpacked on Linux only; use a container engine here';
  const tar = await runHostProcess(['tar', '--version'], { env: process.env }).catch(() => null);
  if (tar === null || !tar.stdout.includes('GNU tar')) return 'GNU tar is missing: install tar';
  if (process.getuid?.() === 0) return undefined;
  const namespace = await runHostProcess(MAP_TRY, { env: process.env }).catch(() => null);
  if (namespace === null) return 'unshare is missing: install util-linux';
  if (namespace.code === 0) return undefined;
  return 'user namespaces are closed to ordinary users: as root, `sysctl kernel.apparmor_restrict_unprivileged_userns=0` (Ubuntu) or `sysctl kernel.unprivileged_userns_clone=1` (older Debian)';
}
