/** What of the machine stands in the way of sandboxes, or makes them less than they could be: each with the one thing that mends it. */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface HostCheck {
  name: string;
  ok: boolean;
  /** What was found. */
  found: string;
  /** A command or a setting; absent when there is nothing to mend. */
  fix?: string;
}

export interface HostCheckOptions {
  /** Where /proc, /run and /.dockerenv are looked for. */
  root?: string;
  /** As `os.release()` has it. */
  kernel: string;
  uid: number | undefined;
  freeDiskBytes: number;
}

/** Overlays in user namespaces came with 5.11, mount_setattr(2), by which the helper protects binds, with 5.12. */
const KERNEL = [5, 12] as const;
const LITTLE_DISK = 5 * 1024 ** 3;

/** In the order in which one would mend them. */
export async function checkHost(options: HostCheckOptions): Promise<HostCheck[]> {
  const { root = '/' } = options;
  const text = (path: string) => readFile(join(root, path), 'utf8').catch(() => '');
  const isThere = (path: string) =>
    access(join(root, path)).then(
      () => true,
      () => false,
    );
  const version = await text('proc/version');
  const checks = [kernelCheck(options.kernel)];
  if (/microsoft/i.test(version)) checks.push(windowsCheck(version));
  if ((await isThere('.dockerenv')) || (await isThere('run/.containerenv'))) checks.push(CONTAINER);
  checks.push(overlayCheck(await text('proc/filesystems')));
  checks.push(
    namespaceCheck(options.uid, {
      most: await text('proc/sys/user/max_user_namespaces'),
      debian: await text('proc/sys/kernel/unprivileged_userns_clone'),
      ubuntu: await text('proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
    }),
  );
  checks.push(diskCheck(options.freeDiskBytes));
  return checks;
}

function kernelCheck(release: string): HostCheck {
  const [major = 0, minor = 0] = release.split('.').map(Number);
  const ok = major > KERNEL[0] || (major === KERNEL[0] && minor >= KERNEL[1]);
  const check = { name: 'kernel', ok, found: release };
  return ok
    ? check
    : { ...check, fix: `Native sandboxes need Linux ${KERNEL.join('.')} or newer; containers work without.` };
}

/** The kernel of the second version says so in its name. */
function windowsCheck(version: string): HostCheck {
  const second = /wsl2/i.test(version);
  if (second)
    return {
      name: 'Windows Subsystem for Linux',
      ok: true,
      found:
        'version 2; for limits by cgroups set `systemd=true` under [boot] in /etc/wsl.conf and run `wsl --shutdown`',
    };
  return {
    name: 'Windows Subsystem for Linux',
    ok: false,
    found: 'version 1, which has no namespaces',
    fix: '`wsl --set-version DISTRIBUTION 2` in a Windows terminal',
  };
}

const CONTAINER: HostCheck = {
  name: 'inside a container',
  ok: true,
  found:
    'sandboxes work when it was started with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined`',
};

function overlayCheck(filesystems: string): HostCheck {
  const ok = /\boverlay$/m.test(filesystems);
  const check = { name: 'overlay file system', ok, found: ok ? 'known to the kernel' : 'not known to the kernel' };
  return ok ? check : { ...check, fix: '`modprobe overlay` as root' };
}

function namespaceCheck(
  uid: number | undefined,
  { most, debian, ubuntu }: { most: string; debian: string; ubuntu: string },
): HostCheck {
  const name = 'user namespaces';
  const closed = (found: string, setting: string) => ({
    name,
    ok: false,
    found,
    fix: `\`sysctl -w ${setting}\` as root; to keep it, write the setting into /etc/sysctl.d/60-assay.conf`,
  });
  if (most.trim() === '0') return closed('none may be made', 'user.max_user_namespaces=10000');
  if (uid !== 0 && debian.trim() === '0')
    return closed('closed to ordinary users', 'kernel.unprivileged_userns_clone=1');
  if (uid !== 0 && ubuntu.trim() === '1')
    return closed('closed to ordinary users by AppArmor', 'kernel.apparmor_restrict_unprivileged_userns=0');
  return { name, ok: true, found: uid === 0 ? 'open to root' : 'open to ordinary users' };
}

function diskCheck(freeBytes: number): HostCheck {
  const ok = freeBytes >= LITTLE_DISK;
  const check = { name: 'disk', ok, found: `${(freeBytes / 1024 ** 3).toFixed(1)} GB free for environments` };
  return ok ? check : { ...check, fix: '`assay env gc --budget 5G`, or ASSAY_HOME on a larger disk' };
}
