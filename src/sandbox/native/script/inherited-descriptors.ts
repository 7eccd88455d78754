/** Descriptors that whoever started this process left open: they would reach into sandboxes. Node closes its own on exec. */
import { readdirSync, readFileSync } from 'node:fs';

const CLOSE_ON_EXEC = 0o2000000;

/** Numbers above 2 that a child would inherit (flags in /proc/self/fdinfo, proc(5)). */
export function inheritedDescriptors(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2 && !closesOnExec(fd));
}

function closesOnExec(fd: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '';
    return (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) !== 0;
  } catch {
    return true; // the one that listed the folder
  }
}

/** A command line that closes them first; the command itself when there are none. bash, because sh may know numbers of one digit only. */
export function closingDescriptors(fds: readonly number[], argv: readonly string[]): string[] {
  if (fds.length === 0) return [...argv];
  const closes = fds.map((fd) => `exec ${fd}>&-`).join('; ');
  return ['/bin/bash', '-c', `${closes}; exec "$@"`, 'bash', ...argv];
}
