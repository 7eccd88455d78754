/** Why layers cannot be unpacked on this machine, or undefined when they can. */
import { runHostProcess } from '../../src/base/host-process.ts';

export async function unpackProblem(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'layers are unpacked on Linux only';
  const tar = await runHostProcess(['tar', '--version']).catch(() => null);
  if (tar === null || !tar.stdout.includes('GNU tar')) return 'GNU tar is missing';
  if (process.getuid?.() === 0) return undefined;
  const namespace = await runHostProcess(['unshare', '--user', '--map-root-user', 'true']).catch(() => null);
  return namespace?.code === 0 ? undefined : 'user namespaces are closed to ordinary users';
}
