/**
 * One writer per run, over all processes of a machine. The lock is the `lock-<n>.json` with the highest number: whoever creates the next number
 * while the highest one is released or its owner dead has the run. Numbers only grow and creation is exclusive, so two processes that
 * break the same dead lock cannot both win. Giving the run back empties the file, which works on a full disk too.
 */
import { randomBytes } from 'node:crypto';
import { link, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { livenessOf, ownIdentity, processIdentitySchema } from '../base/process-identity.ts';
import { AssayError } from '../contracts/index.ts';
import { readStored } from './open-stored.ts';
import { storeError, systemCode } from './store-error.ts';

const lockSchema = z.object({ owner: processIdentitySchema, since: z.string() });
type Lock = z.infer<typeof lockSchema>;

export interface RunLock {
  /** Gives the run back. Idempotent. */
  release(): Promise<void>;
}

/** No run is opened that often; above it numbers are no longer exact. */
const MAX_NUMBER = 1e15;

/** Takes the lock of a run folder. Throws `run-locked` naming the process that has it. */
export async function acquireRunLock(dir: string): Promise<RunLock> {
  const mine: Lock = { owner: await ownIdentity(), since: new Date().toISOString() };
  // Only a race with another process that is also starting makes this loop go round.
  for (let tries = 0; tries < 50; tries++) {
    const highest = await highestNumber(dir);
    if (highest > 0) {
      const held = await readLock(dir, highest);
      if (held === 'gone') continue;
      const state = await stateOf(held, mine);
      if (state !== 'free') throw locked(dir, highest, held, state);
    }
    const number = highest + 1;
    if ((await createExclusive(dir, number, mine)) && (await highestNumber(dir)) === number) {
      await removeBelow(dir, number);
      return { release: () => emptyFile(lockPath(dir, number)) };
    }
    await sleep(5 + Math.random() * 20);
  }
  throw new AssayError('run-locked', `Many processes try to open the run ${dir} at once.`, {
    class: 'input',
    retryable: true,
  });
}

/** True when a process that is alive (or cannot be looked up) holds the lock. */
export async function isRunLocked(dir: string): Promise<boolean> {
  return (await runOwner(dir)) !== null;
}

/** The process that holds the lock of a run folder; null when none does. `unknown`: it is on another machine or in another container, where it cannot be looked up. */
export async function runOwner(dir: string): Promise<{ pid: number; host: string; state: 'alive' | 'unknown' } | null> {
  const highest = await highestNumber(dir);
  if (highest === 0) return null;
  const held = await readLock(dir, highest);
  if (held === 'gone') return await runOwner(dir);
  const state = await stateOf(held, { owner: await ownIdentity() });
  return held === null || state === 'free' ? null : { pid: held.owner.pid, host: held.owner.host, state };
}

async function stateOf(held: Lock | null, mine: Pick<Lock, 'owner'>): Promise<'free' | 'alive' | 'unknown'> {
  if (held === null) return 'free';
  const liveness = await livenessOf(held.owner, mine.owner);
  return liveness === 'dead' ? 'free' : liveness;
}

function locked(dir: string, number: number, held: Lock | null, state: 'alive' | 'unknown'): AssayError {
  const owner = held?.owner;
  return new AssayError(
    'run-locked',
    `The run ${dir} is being written by process ${owner?.pid} on ${owner?.host} since ${held?.since}.`,
    {
      class: 'input',
      retryable: true,
      hint:
        state === 'alive'
          ? 'Wait for that process to end, or stop it.'
          : `That process cannot be looked up from here (other machine or container). If it is gone, delete ${lockPath(dir, number)}.`,
      details: { pid: owner?.pid, host: owner?.host, since: held?.since, path: lockPath(dir, number) },
    },
  );
}

function lockPath(dir: string, number: number): string {
  return join(dir, `lock-${number}.json`);
}

async function lockNumbers(dir: string): Promise<number[]> {
  try {
    const names = await readdir(dir);
    return names
      .flatMap((name) => /^lock-([1-9][0-9]*)\.json$/.exec(name)?.[1] ?? [])
      .map(Number)
      .filter((number) => number < MAX_NUMBER);
  } catch (error) {
    throw storeError(error, dir);
  }
}

async function highestNumber(dir: string): Promise<number> {
  return Math.max(0, ...(await lockNumbers(dir)));
}

/** Null when the file is empty (given back) or no lock at all: as it is complete before it gets its name, only power loss leaves that. */
async function readLock(dir: string, number: number): Promise<Lock | null | 'gone'> {
  let text: string;
  try {
    text = (await readStored(lockPath(dir, number))).toString('utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 'gone';
    throw storeError(error, lockPath(dir, number));
  }
  try {
    return lockSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** False when another process was faster. */
async function createExclusive(dir: string, number: number, lock: Lock): Promise<boolean> {
  const temporary = join(dir, `.lock.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeFile(temporary, JSON.stringify(lock), { flag: 'wx' });
    await link(temporary, lockPath(dir, number));
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw storeError(error, lockPath(dir, number));
  } finally {
    await rm(temporary, { force: true });
  }
}

async function emptyFile(path: string): Promise<void> {
  try {
    await truncate(path, 0);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw storeError(error, path);
  }
}

async function removeBelow(dir: string, number: number): Promise<void> {
  for (const lower of await lockNumbers(dir)) {
    if (lower < number) await rm(lockPath(dir, lower), { force: true });
  }
}
