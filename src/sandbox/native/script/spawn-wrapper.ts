/** The command lines that put one process into a held sandbox, for the tiers `bubblewrap` and `unshare`. */
export type ScriptTier = 'bubblewrap' | 'unshare';

/** Descriptors of the wrapper: 3 tells that the program could be started, 4 is the system-call filter. */
export const STATUS_FD = 3;
export const FILTER_FD = 4;

/** Runs as the last step inside: sets the limits (kilobytes of data, processes), reports on descriptor 3, then becomes the program. Exit 126 / 127 before that mean it could not. */
const PRELUDE = `
ulimit -c 0
ulimit -d "$1"
ulimit -u "$2" 2>/dev/null || ulimit -p "$2" # dash and bash name it differently
shift 2
cd -- "$1" 2>/dev/null || { printf 'the folder %s does not exist' "$1" >&3; exit 126; }
shift
command -v -- "$1" >/dev/null 2>&1 || { printf '%s: not found' "$1" >&3; exit 127; }
case $1 in */*) [ -x "$1" ] && [ ! -d "$1" ] || { printf '%s: not executable' "$1" >&3; exit 126; } ;; esac
printf '\\001' >&3
exec 3>&-
`;

/** The unshare tier does by hand what bubblewrap does: own /proc, /dev and pid namespace over the held root, no capabilities, no new privileges. */
const UNSHARE_ROOT = `
set -e
root=$1 saved=$PATH; shift
PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount --rbind "$root" "$root"
cd "$root"
mount -t proc -o nosuid,nodev,noexec proc proc
for path in proc/sys proc/sysrq-trigger proc/irq proc/bus proc/fs; do
  [ -e "$path" ] || continue
  mount --bind "$path" "$path"
  mount -o remount,bind,ro,nosuid,nodev,noexec "$path"
done
for path in proc/kcore proc/keys proc/timer_list proc/sched_debug; do [ -e "$path" ] && mount --bind /dev/null "$path"; done
mount -t tmpfs -o size=64k,mode=755,nosuid tmpfs dev
for name in null zero full random urandom; do : > "dev/$name"; mount --bind "/dev/$name" "dev/$name"; done
mkdir dev/shm dev/pts
mount --bind "$root/../shm" dev/shm
ln -s /proc/self/fd dev/fd; ln -s /proc/self/fd/0 dev/stdin; ln -s /proc/self/fd/1 dev/stdout; ln -s /proc/self/fd/2 dev/stderr
pivot_root . .
umount -l .
cd /
export PATH=$saved
# Process 1 of a pid namespace gets no default signal actions: a small init stands in its place, and all ends with it.
trap : TERM INT HUP
exec 9<&0
# The shell makes what it starts in the background deaf to these two.
/usr/bin/env --default-signal=INT --default-signal=QUIT /usr/bin/setpriv --no-new-privs --bounding-set=-all --inh-caps=-all --ambient-caps=-all -- "$@" <&9 9<&- &
exec </dev/null >/dev/null 2>&1 3>&- 9<&-
child=$!
wait $child
code=$?
while kill -0 $child 2>/dev/null; do wait $child; code=$?; done
exit $code
`;

export interface WrapperPlan {
  tier: ScriptTier;
  /** Host pid of the holder. */
  holder: number;
  /** Holds the merged root, `tmp`, `run` and `shm`, as the holder sees them. */
  runFolder: string;
  binds: readonly { source: string; target: string }[];
  /** Descriptors that this process was started with: closed before the program runs. */
  inherited: readonly number[];
  cwd: string;
  merge: boolean;
  pids: number;
  memoryBytes: number;
  network: 'none' | 'host';
}

/** What nsenter, bwrap and their like take of the processes that a sandbox may have: three to six for each that runs. */
const WRAPPERS = 64;

/** Full argv for the host, first element an absolute program. */
export function wrapperCommand(plan: WrapperPlan, argv: readonly string[]): string[] {
  const entered = ['user', 'mount', 'ipc', 'uts', ...(plan.network === 'none' ? ['net'] : [])];
  const namespaces = entered.map((name) => `--${name}=/proc/${plan.holder}/ns/${name === 'mount' ? 'mnt' : name}`);
  const limits = [String(Math.floor(plan.memoryBytes / 1024)), String(plan.pids + WRAPPERS)];
  // sh may know descriptors of one digit only.
  const closes = plan.inherited.map((fd) => `exec ${fd}>&-\n`).join('');
  const shell = plan.inherited.length > 0 ? '/bin/bash' : '/bin/sh';
  const inner = [
    shell,
    '-c',
    `${closes}${PRELUDE}exec "$@"${plan.merge ? ' 2>&1' : ''}`,
    'sh',
    ...limits,
    plan.cwd,
    ...argv,
  ];
  const enter = ['/usr/bin/nsenter', ...namespaces, '--preserve-credentials', '--'];
  if (plan.tier === 'unshare') {
    // Set behind nsenter, which gains rights and so would lose it; `--kill-child` carries it on.
    const endsWithParent = ['/usr/bin/setpriv', '--pdeathsig', 'KILL', '--'];
    const unshare = [
      '/usr/bin/unshare',
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--propagation',
      'private',
      '--',
    ];
    return [
      ...enter,
      ...endsWithParent,
      ...unshare,
      '/bin/sh',
      '-c',
      UNSHARE_ROOT,
      'sh',
      `${plan.runFolder}/root`,
      ...inner,
    ];
  }
  const { runFolder } = plan;
  const bubblewrap = [
    ...['/usr/bin/bwrap', '--bind', `${runFolder}/root`, '/'],
    ...plan.binds.flatMap(({ source, target }) => ['--ro-bind', source, target]),
    ...['--bind', `${runFolder}/tmp`, '/tmp', '--bind', `${runFolder}/run`, '/run'],
    ...['--dev', '/dev', '--bind', `${runFolder}/shm`, '/dev/shm', '--proc', '/proc'],
  ];
  const cuts = [
    '--unshare-pid',
    '--die-with-parent',
    '--new-session',
    '--cap-drop',
    'ALL',
    '--seccomp',
    String(FILTER_FD),
    '--',
  ];
  return [...enter, ...bubblewrap, ...cuts, ...inner];
}
