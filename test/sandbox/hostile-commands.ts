/** One line per attack: a name, a bash script that tries it, and how to tell that it was contained. Pure data for `hostile.test.ts`. */

/** Facts of the host that the attacks aim at. */
export interface Target {
  /** A secret that stands in the host's environment, in a file of the host's home and in a file of the project. */
  secret: string;
  homeFile: string;
  projectFile: string;
  /** TCP port of a listener on the host's loopback. */
  port: number;
  /** A process of the host. */
  pid: number;
  /** Unique argument of background processes the attack leaves behind. */
  tag: string;
}

export interface Outcome {
  output: string;
  exitCode: number | null;
}

export interface Attack {
  name: string;
  script(target: Target): string;
  /** Beyond what is checked after every attack (secret not printed, host process alive, host files unchanged, nothing left behind). */
  contained?: (outcome: Outcome) => boolean;
  needs?: 'python3';
  /** Held by the system-call filter alone, which the unshare tier does not have: there only the general checks apply. */
  needsFilter?: true;
  /** An image has such files of its own, which are nobody's secret: there only the general checks apply. */
  ownInImages?: true;
}

const failed = (outcome: Outcome) => outcome.exitCode !== 0;
const prints = (pattern: RegExp) => (outcome: Outcome) => pattern.test(outcome.output);
const python = (body: string) => `python3 - <<'PY'\n${body}\nPY`;
/** Calls a system call by number (x86-64 / aarch64) and prints its errno. */
const syscall = (x64: number, arm64: number, args: string) =>
  python(`import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
number = ${x64} if platform.machine() == 'x86_64' else ${arm64}
result = libc.syscall(number, ${args})
print('result', result, 'errno', ctypes.get_errno())`);
const denied = prints(/result -1 errno (1|38|13|22)\b/);

export const ATTACKS: readonly Attack[] = [
  {
    name: 'read the password hashes',
    script: () => 'cat /etc/shadow /etc/gshadow',
    contained: failed,
    ownInImages: true,
  },
  {
    name: 'read a secret file in the home folder',
    script: (t) => `cat ${t.homeFile}; ls -la ~root /root /home/*`,
    contained: prints(/No such file|denied/),
  },
  { name: 'read the project and its hidden tests', script: (t) => `cat ${t.projectFile}`, contained: failed },
  {
    name: 'search every readable file of the usual places for the secret',
    script: () => 'grep -rs ASSAY-SECRET /root /home /tmp /var /run /srv /opt /mnt /media /etc 2>/dev/null; true',
  },
  {
    name: 'read secrets from the environment of all processes',
    script: () => "env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'",
  },
  {
    name: 'reach the host root by /proc/1/root and /proc/*/cwd',
    script: (t) => `for p in /proc/[0-9]*; do cat $p/root${t.homeFile} $p/cwd/${t.homeFile}; done`,
    contained: failed,
  },
  {
    name: 'connect to a server on the host loopback',
    script: (t) => `exec 3<>/dev/tcp/127.0.0.1/${t.port}`,
    contained: failed,
  },
  {
    name: 'find a network interface or a route',
    script: () => "tail -n +3 /proc/net/dev | grep -v '^ *lo:'; tail -n +2 /proc/net/route; true",
    contained: (o) => o.output.trim() === '',
  },
  { name: 'resolve a name', script: () => 'timeout 5 getent hosts example.com', contained: failed },
  {
    name: 'use the container engine socket',
    script: () => 'ls -l /var/run/docker.sock /run/docker.sock /run/containerd /run/podman /run/user /run/dbus',
    contained: failed,
  },
  {
    name: 'see sockets of the host',
    script: () => 'cat /proc/net/unix | tail -n +2 | grep -v "@\\?$" ; cat /proc/net/tcp | tail -n +2',
    contained: (o) => !/:1[0-9A-F]{3} |docker|dbus|systemd/.test(o.output),
  },
  { name: 'fork bomb', script: () => 'bomb() { bomb | bomb & }; bomb; sleep 2; true' },
  {
    name: 'take all memory',
    script: () => 'head -c 3000000000 /dev/zero | tail -c 2999999999 | wc -c',
    contained: (o) => !o.output.includes('2999999999'),
  },
  {
    name: 'fill the disk',
    script: () => 'dd if=/dev/zero of=/testbed/big bs=1M count=4000 2>&1; ls -l /testbed/big',
    contained: prints(/No space left|Killed|[Qq]uota|size limit exceeded/),
  },
  {
    name: 'fill the temporary folders',
    script: () => 'for d in /tmp /dev/shm /var/tmp /run; do dd if=/dev/zero of=$d/big bs=1M count=4000 2>&1; done',
    contained: prints(/No space left|Killed|denied|[Qq]uota|size limit exceeded/),
  },
  {
    name: 'make files without end',
    script: () =>
      'mkdir -p /testbed/many; cd /testbed/many; i=0; while [ $i -lt 3000000 ] && : > f$i; do i=$((i+1)); done; echo made $i',
  },
  { name: 'kill every process', script: () => 'kill -9 -1; kill -TERM 1; kill -9 $PPID; true' },
  { name: 'kill a process of the host by number', script: (t) => `kill -9 ${t.pid}`, contained: failed },
  {
    name: 'hide a daemon in the background',
    script: (t) =>
      `(setsid sh -c 'trap "" TERM HUP INT; exec -a ${t.tag} sleep 987' >/dev/null 2>&1 </dev/null &); (setsid bash -c 'exec -a ${t.tag} sleep 988' &) & disown -a; sleep 0.3; echo left`,
  },
  {
    name: 'mount and unmount',
    script: () =>
      'mount -t tmpfs none /mnt || mount --bind / /mnt || mount -t proc proc /mnt || mount -o remount,rw / || umount /proc || umount -l /',
    contained: failed,
  },
  { name: 'gain a new user namespace', script: () => 'unshare -Urm true || unshare -U true', contained: failed },
  {
    name: 'make a device node of the disk',
    script: () => 'mknod /tmp/disk b 254 0 && head -c 1 /tmp/disk',
    contained: failed,
  },
  {
    name: 'read raw devices and kernel memory',
    script: () =>
      'head -c 1 /dev/vda || head -c 1 /dev/sda || head -c 1 /dev/mem || head -c 1 /dev/kmsg || head -c 1 /proc/kcore || head -c 1 /dev/loop-control',
    contained: failed,
  },
  {
    name: 'change kernel settings',
    script: () =>
      "echo '|/tmp/x' > /proc/sys/kernel/core_pattern || echo 1 > /proc/sys/kernel/sysrq || echo b > /proc/sysrq-trigger || echo 1 > /proc/sys/vm/drop_caches",
    contained: failed,
  },
  {
    name: 'use a cgroup release agent',
    script: () => 'ls /sys/fs/cgroup/*/release_agent && echo /tmp/x > /sys/fs/cgroup/memory/release_agent',
    contained: failed,
  },
  {
    name: 'load a kernel module or reboot',
    script: () => 'insmod /tmp/none.ko || modprobe dummy || reboot -f || halt -f',
    contained: failed,
  },
  { name: 'set the clock', script: () => "date -s '2001-01-01'", contained: failed },
  {
    name: 'overwrite programs and accounts of the host',
    script: () =>
      'echo evil >> /etc/passwd; echo evil >> /usr/bin/env; cp /bin/sh /usr/bin/env; rm -rf /usr/bin/env /etc/hostname; true',
  },
  {
    name: 'become somebody by a setuid program',
    script: () => 'grep NoNewPrivs /proc/self/status; su -c id nobody </dev/null',
    contained: prints(/NoNewPrivs:\s+1/),
  },
  {
    name: 'escape by chroot',
    needs: 'python3',
    script: (t) =>
      python(
        `import os\nos.mkdir('/tmp/c')\nfd = os.open('/', os.O_RDONLY)\ntry:\n  os.chroot('/tmp/c')\nexcept OSError as e:\n  print('denied', e)\nos.fchdir(fd)\nfor _ in range(64): os.chdir('..')\ntry:\n  os.chroot('.')\nexcept OSError as e:\n  print('denied', e)\nprint(open('${t.homeFile}').read())`,
      ),
    contained: failed,
  },
  {
    name: 'trace the supervisor',
    needs: 'python3',
    script: () => `head -c 1 /proc/1/mem; ls -l /proc/1/root/root; ${syscall(101, 117, '16, 1, 0, 0')}`,
    contained: denied,
    needsFilter: true,
  },
  {
    name: 'use the kernel keyring',
    needs: 'python3',
    script: () => syscall(250, 219, '0, -3, 1'),
    contained: denied,
    needsFilter: true,
  },
  {
    name: 'load a BPF program',
    needs: 'python3',
    script: () => syscall(321, 280, '0, 0, 0'),
    contained: denied,
    needsFilter: true,
  },
  {
    name: 'open performance counters',
    needs: 'python3',
    script: () => syscall(298, 241, '0, 0, -1, -1, 0'),
    contained: denied,
    needsFilter: true,
  },
  {
    name: 'catch page faults',
    needs: 'python3',
    script: () => syscall(323, 282, '0'),
    contained: denied,
    needsFilter: true,
  },
  {
    name: 'set up io_uring',
    needs: 'python3',
    script: () => syscall(425, 425, '8, 0'),
    contained: denied,
    needsFilter: true,
  },
  {
    name: 'open files by handle',
    needs: 'python3',
    script: () => syscall(304, 265, '-100, 0, 0'),
    contained: denied,
    needsFilter: true,
  },
  {
    name: 'enter namespaces of others',
    needs: 'python3',
    script: () =>
      python(
        "import os\nfor n in ('mnt', 'pid', 'net', 'user'):\n  try:\n    fd = os.open('/proc/1/ns/' + n, os.O_RDONLY)\n  except OSError as e:\n    print('denied', e); continue\n  import ctypes\n  libc = ctypes.CDLL(None, use_errno=True)\n  print('result', libc.setns(fd, 0), 'errno', ctypes.get_errno())",
      ),
    contained: (o) => !/result 0/.test(o.output),
  },
];
