/** Telling one process from another that got the same number later. */
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { z } from 'zod';

export const processIdentitySchema = z.object({
  pid: z.number().int().positive(),
  /** Start time in clock ticks since boot; null where the system does not say. */
  startTicks: z.string().nullable(),
  host: z.string(),
  /** Changes with each boot; null where the system does not say. */
  bootId: z.string().nullable(),
  /** Numbers of processes mean something within one pid namespace only. */
  pidNamespace: z.string().nullable(),
});
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

/** Who this process is. */
export function ownIdentity(): Promise<ProcessIdentity> {
  own ??= readOwnIdentity();
  return own;
}

let own: Promise<ProcessIdentity> | undefined;

async function readOwnIdentity(): Promise<ProcessIdentity> {
  return {
    pid: process.pid,
    startTicks: await startTicks(process.pid),
    host: hostname(),
    bootId: await orNull(readFile('/proc/sys/kernel/random/boot_id', 'utf8').then((text) => text.trim())),
    pidNamespace: await orNull(readlink('/proc/self/ns/pid')),
  };
}

/** `unknown`: the process belongs to another machine or pid namespace, so it cannot be looked up from here. */
export async function livenessOf(
  identity: ProcessIdentity,
  own: ProcessIdentity,
): Promise<'alive' | 'dead' | 'unknown'> {
  if (identity.host !== own.host) return 'unknown';
  if (identity.bootId !== own.bootId) return 'dead';
  if (identity.pidNamespace !== own.pidNamespace) return 'unknown';
  const ticks = await startTicks(identity.pid);
  if (ticks !== null && identity.startTicks !== null) return ticks === identity.startTicks ? 'alive' : 'dead';
  try {
    process.kill(identity.pid, 0);
    return 'alive';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'alive' : 'dead';
  }
}

/** Field 22 of /proc/<pid>/stat, counted after the program name, which may hold spaces and brackets. Null when there is no such process; a zombie is none. */
export async function startTicks(pid: number): Promise<string | null> {
  const stat = await orNull(readFile(`/proc/${pid}/stat`, 'utf8'));
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
}

async function orNull<T>(value: Promise<T>): Promise<T | null> {
  try {
    return await value;
  } catch {
    return null;
  }
}
