/**
 * The system-call filter of the tiers without the helper: a classic BPF program for `bwrap --seccomp FD` (struct sock_filter, seccomp(2)).
 * A deny list: what could reach beyond the sandbox's namespaces or into rarely used kernel code fails with EPERM, newer forms with
 * ENOSYS so that programs fall back; everything else is allowed. Foreign architectures and x32 are killed.
 */
export type SeccompArch = 'x64' | 'arm64';

const AUDIT_ARCH: Record<SeccompArch, number> = { x64: 0xc000003e, arm64: 0xc00000b7 };

/** System call numbers [x86-64, aarch64] from the kernel's tables; null where the architecture has no such call. */
const DENIED: Readonly<Record<string, readonly [x64: number, arm64: number | null]>> = {
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  unshare: [272, 97],
  setns: [308, 268],
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  syslog: [103, 116],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  adjtimex: [159, 171],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  lookup_dcookie: [212, 18],
  vhangup: [153, 58],
  ptrace: [101, 117],
  process_vm_writev: [311, 271],
  iopl: [172, null],
  ioperm: [173, null],
};

const CLONE3 = 435;
const CLONE: Record<SeccompArch, number> = { x64: 56, arm64: 220 };
const IOCTL: Record<SeccompArch, number> = { x64: 16, arm64: 29 };
/** CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET */
const CLONE_NEW_FLAGS = 0x7e020000;
const TIOCSTI = 0x5412;
/** Limits of other processes: the sandbox's first one would obey. */
const PRLIMIT: Record<SeccompArch, number> = { x64: 302, arm64: 261 };

const LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const JUMP_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const JUMP_GREATER_EQUAL = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const JUMP_BITS = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;

/** Offsets in struct seccomp_data. */
const NUMBER = 0;
const ARCH = 4;
const ARG0_LOW = 16;
const ARG1_LOW = 24;

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, k: number];

/** The filter as little-endian bytes, 8 per instruction. */
export function seccompFilter(arch: SeccompArch): Buffer {
  const column = arch === 'x64' ? 0 : 1;
  const numbers = Object.values(DENIED).flatMap((pair) => pair[column] ?? []);
  const program: Instruction[] = [
    [LOAD, 0, 0, ARCH],
    [JUMP_EQUAL, 1, 0, AUDIT_ARCH[arch]],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, NUMBER],
    [JUMP_GREATER_EQUAL, 0, 1, 0x40000000], // x32
    [RETURN, 0, 0, KILL_PROCESS],
    [JUMP_EQUAL, 0, 1, CLONE3],
    [RETURN, 0, 0, ENOSYS],
    ...numbers.flatMap((number): Instruction[] => [
      [JUMP_EQUAL, 0, 1, number],
      [RETURN, 0, 0, EPERM],
    ]),
    [JUMP_EQUAL, 0, 4, CLONE[arch]],
    [LOAD, 0, 0, ARG0_LOW],
    [JUMP_BITS, 0, 1, CLONE_NEW_FLAGS],
    [RETURN, 0, 0, EPERM],
    [RETURN, 0, 0, ALLOW],
    [JUMP_EQUAL, 0, 4, PRLIMIT[arch]],
    [LOAD, 0, 0, ARG0_LOW],
    [JUMP_EQUAL, 1, 0, 0],
    [RETURN, 0, 0, EPERM],
    [RETURN, 0, 0, ALLOW],
    [JUMP_EQUAL, 0, 3, IOCTL[arch]],
    [LOAD, 0, 0, ARG1_LOW],
    [JUMP_EQUAL, 0, 1, TIOCSTI],
    [RETURN, 0, 0, EPERM],
    [RETURN, 0, 0, ALLOW],
  ];
  return encode(program);
}

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, [code, jumpTrue, jumpFalse, k]] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jumpTrue, index * 8 + 2);
    bytes.writeUInt8(jumpFalse, index * 8 + 3);
    bytes.writeUInt32LE(k >>> 0, index * 8 + 4);
  }
  return bytes;
}
