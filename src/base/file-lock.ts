/**
 * One holder at a time among all processes that share a folder: a lock file that names its owner. The lock of an owner that is gone is broken, so kill -9 never blocks anyone.
 *
 * Owners are told apart by boot, pid namespace, pid and the start time of the process (pids are reused). Where an owner cannot be looked up (another machine or container), its
 * lock is stale when it has not been touched for two minutes; holders touch theirs every ten seconds.
 */
import { randomUUID } from 'node:crypto';
import { link, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AssayError } from '../contracts/index.ts';
import { makeFolder } from './make-folder.ts';
import { livenessOf, ownIdentity, processIdentitySchema } from './process-identity.ts';
import { readRecord } from './read-record.ts';

const TOUCH_MS = 10_000;
const STALE_MS = 120_000;
const POLL_MS = 100;

const ownerSchema = processIdentitySchema.extend({ token: z.string() });
type LockOwner = z.infer<typeof ownerSchema>;

/** Called once when somebody else holds the lock. */
export type OnLockWait = (owner: { pid: number; host: string }) => void;

/** Waits for the lock, runs `body`, gives the lock back. Throws `cancelled` when the signal aborts while waiting. */
export async function withFileLock<T>(
  path: string,
  signal: AbortSignal,
  body: () => Promise<T>,
  onWait?: OnLockWait,
): Promise<T> {
  const me = { ...(await ownIdentity()), token: randomUUID() };
  await acquire(path, me, signal, onWait);
  const touch = setInterval(() => {
    const now = new Date();
    // A lock that is gone is noticed by `release`; touching is only for others.
    utimes(path, now, now).catch(() => {});
  }, TOUCH_MS);
  touch.unref();
  try {
    return await body();
  } finally {
    clearInterval(touch);
    await release(path, me);
  }
}

async function acquire(path: string, me: LockOwner, signal: AbortSignal, onWait?: OnLockWait): Promise<void> {
  await makeFolder(dirname(path));
  for (let waited = false; ; waited = true) {
    if (signal.aborted)
      throw new AssayError('cancelled', 'cancelled while waiting for a lock', { class: 'cancelled', retryable: true });
    if (await tryCreate(path, me)) return;
    const owner = await readRecord(path, ownerSchema);
    if (owner !== null && (await isStale(path, owner, me))) {
      await breakLock(path, owner, me, signal);
      continue;
    }
    if (!waited && owner !== null) onWait?.(owner);
    await sleep(POLL_MS * (0.5 + Math.random()));
  }
}

/** The file appears with its content or not at all: written aside, then linked to its name, which fails when the name is taken. */
async function tryCreate(path: string, me: LockOwner): Promise<boolean> {
  const aside = `${path}.${me.token}`;
  try {
    await writeFile(aside, JSON.stringify(me));
    await link(aside, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

/**
 * Removing a stale lock is itself done under a lock, and only after looking again: between reading and removing, another process may have broken it and taken the name.
 * A breaker that dies leaves a stale lock of its own, broken the same way.
 */
async function breakLock(path: string, stale: LockOwner, me: LockOwner, signal: AbortSignal): Promise<void> {
  const breaking = `${path}.break`;
  await acquire(breaking, me, signal);
  try {
    const now = await readRecord(path, ownerSchema);
    if (now?.token === stale.token) await rm(path, { force: true });
  } finally {
    await release(breaking, me);
  }
}

async function release(path: string, me: LockOwner): Promise<void> {
  const owner = await readRecord(path, ownerSchema);
  if (owner?.token === me.token) await rm(path, { force: true });
}

async function isStale(path: string, owner: LockOwner, me: LockOwner): Promise<boolean> {
  const liveness = await livenessOf(owner, me);
  if (liveness !== 'unknown') return liveness === 'dead';
  const touched = await stat(path).catch(() => null);
  return touched !== null && Date.now() - touched.mtimeMs > STALE_MS;
}
