import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkHost, type HostCheckOptions } from './host-checks.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'assay-checks-'));
  write('proc/filesystems', 'nodev\tproc\n\text4\nnodev\toverlay\n');
  write('proc/sys/user/max_user_namespaces', '90000\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));
function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
const wrong = async (options: Partial<HostCheckOptions> = {}) => {
  const checks = await checkHost({ root, kernel: '6.1.0-18-amd64', uid: 1000, freeDiskBytes: 2 ** 40, ...options });
  return checks.filter((check) => !check.ok).map(({ name, fix }) => [name, fix]);
};

test('a machine as it should be', async () => {
  expect(await wrong()).toEqual([]);
});

test.each<[string, () => void, Partial<HostCheckOptions>, string, RegExp]>([
  ['an old kernel', () => {}, { kernel: '4.18.0-513.el8' }, 'kernel', /5\.12/],
  ['a kernel just too old', () => {}, { kernel: '5.11.22' }, 'kernel', /5\.12/],
  [
    'WSL 1',
    () => write('proc/version', 'Linux version 4.4.0-19041-Microsoft'),
    {},
    'Windows Subsystem for Linux',
    /--set-version/,
  ],
  ['no overlay', () => write('proc/filesystems', 'nodev\tproc\n'), {}, 'overlay file system', /modprobe overlay/],
  [
    'no namespaces',
    () => write('proc/sys/user/max_user_namespaces', '0'),
    { uid: 0 },
    'user namespaces',
    /max_user_namespaces/,
  ],
  [
    "Debian's switch",
    () => write('proc/sys/kernel/unprivileged_userns_clone', '0'),
    {},
    'user namespaces',
    /userns_clone=1/,
  ],
  [
    "Ubuntu's rule",
    () => write('proc/sys/kernel/apparmor_restrict_unprivileged_userns', '1'),
    {},
    'user namespaces',
    /apparmor.*=0/,
  ],
  ['a full disk', () => {}, { freeDiskBytes: 2 ** 30 }, 'disk', /env gc/],
])('%s is named, with what mends it', async (_name, prepare, options, name, fix) => {
  prepare();
  expect(await wrong(options)).toEqual([[name, expect.stringMatching(fix)]]);
});

test('rules for ordinary users are no matter for root; containers and WSL 2 are told of, not blamed', async () => {
  write('proc/sys/kernel/apparmor_restrict_unprivileged_userns', '1');
  write('proc/version', 'Linux version 5.15.90.1-microsoft-standard-WSL2');
  write('.dockerenv', '');
  expect(await wrong({ uid: 0 })).toEqual([]);
  const all = await checkHost({ root, kernel: '6.1', uid: 0, freeDiskBytes: 2 ** 40 });
  expect(all.map(({ name }) => name)).toContain('inside a container');
});
