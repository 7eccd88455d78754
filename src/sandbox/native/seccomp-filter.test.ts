import { expect, test } from 'vitest';
import { type SeccompArch, seccompFilter } from './seccomp-filter.ts';

/** A classic BPF machine, enough for this filter: what the kernel would answer to one system call. */
function evaluate(filter: Buffer, call: { arch: number; number: number; args?: number[] }): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call.number >>> 0, 0);
  data.writeUInt32LE(call.arch, 4);
  for (const [index, value] of (call.args ?? []).entries()) data.writeUInt32LE(value >>> 0, 16 + 8 * index);
  let accumulator = 0;
  for (let at = 0; ; at++) {
    const code = filter.readUInt16LE(at * 8);
    const k = filter.readUInt32LE(at * 8 + 4);
    if (code === 0x06) return k;
    if (code === 0x20) accumulator = data.readUInt32LE(k);
    else {
      const holds = code === 0x15 ? accumulator === k : code === 0x35 ? accumulator >= k : (accumulator & k) !== 0;
      at += filter.readUInt8(at * 8 + (holds ? 2 : 3));
    }
  }
}

const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;
const KILL = 0x80000000;

const MACHINES: Record<SeccompArch, { arch: number; mount: number; read: number; clone: number; ioctl: number }> = {
  x64: { arch: 0xc000003e, mount: 165, read: 0, clone: 56, ioctl: 16 },
  arm64: { arch: 0xc00000b7, mount: 40, read: 63, clone: 220, ioctl: 29 },
};

test.each(['x64', 'arm64'] as const)('%s: ordinary calls pass, dangerous ones fail', (name) => {
  const filter = seccompFilter(name);
  const { arch, mount, read, clone, ioctl } = MACHINES[name];
  const answer = (number: number, args?: number[]) =>
    evaluate(filter, { arch, number, ...(args === undefined ? {} : { args }) });
  expect(answer(read)).toBe(ALLOW);
  expect(answer(mount)).toBe(EPERM);
  expect(answer(425)).toBe(EPERM);
  expect(answer(435)).toBe(ENOSYS);
  expect(answer(clone, [0x01200011])).toBe(ALLOW); // fork as glibc does it
  expect(answer(clone, [0x10000011])).toBe(EPERM); // CLONE_NEWUSER
  expect(answer(clone, [0x40000000])).toBe(EPERM); // CLONE_NEWNET
  expect(answer(ioctl, [0, 0x5401])).toBe(ALLOW); // TCGETS
  expect(answer(ioctl, [0, 0x5412])).toBe(EPERM); // TIOCSTI
  expect(answer(0x40000000 + read)).toBe(KILL); // x32
  expect(evaluate(filter, { arch: 0x40000003, number: read })).toBe(KILL); // i386
});
