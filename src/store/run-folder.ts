/** Names inside a folder of runs. */
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { AttemptRef } from '../contracts/index.ts';

const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/;
const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** True for ids that are usable as a folder name and in call keys. */
export function isRunId(id: string): boolean {
  return RUN_ID.test(id);
}

/** `20260131-140509-k3f9x2`: sorts by time, in UTC; the end is random. */
export function newRunId(now: Date = new Date()): string {
  const [date = '', time = ''] = now.toISOString().replaceAll(/[-:]/g, '').split(/[T.]/);
  const random = BigInt(`0x${randomBytes(4).toString('hex')}`)
    .toString(36)
    .padStart(7, '0')
    .slice(-6);
  return `${date}-${time}-${random}`;
}

/**
 * Folder name of an instance: the id itself when it is plain; else every other byte as `%XX`, cut and completed by a digest (after `~`) when
 * it gets long. Different ids give different names, and none leaves the folder.
 */
export function instanceFolder(instanceId: string): string {
  if (PLAIN.test(instanceId)) return instanceId;
  let name = '';
  for (const byte of Buffer.from(instanceId, 'utf8')) {
    const character = String.fromCharCode(byte);
    const plain = /[A-Za-z0-9_-]/.test(character) || (character === '.' && name !== '');
    name += plain ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  if (name === '') return '%';
  // An id of plain characters only comes here when it is too long or begins oddly: the mark keeps it apart from plain names.
  if (name.length <= 120 && name.includes('%')) return name;
  return `${name.slice(0, 80)}~${createHash('sha256').update(instanceId).digest('hex').slice(0, 32)}`;
}

export interface RunPaths {
  dir: string;
  manifest: string;
  events: string;
  blobs: string;
  /** Journal of model replies, kept by the model layer. */
  courier: string;
  /** Folder of one attempt. */
  attempt(ref: AttemptRef): string;
  /** Event log of one attempt. */
  attemptEvents(ref: AttemptRef): string;
  /** What pages keep of a settled run, and of the long log of an attempt; may be deleted. */
  savedRecord: string;
  savedIndex(ref: AttemptRef): string;
}

/** Where things lie below a run's folder. */
export function runPaths(dir: string): RunPaths {
  const attempt = (ref: AttemptRef) => join(dir, 'attempts', instanceFolder(ref.instanceId), String(ref.attempt));
  return {
    dir,
    manifest: join(dir, 'run.json'),
    events: join(dir, 'events.jsonl'),
    blobs: join(dir, 'blobs'),
    courier: join(dir, 'courier'),
    attempt,
    attemptEvents: (ref) => join(attempt(ref), 'events.jsonl'),
    savedRecord: join(dir, 'index.json'),
    savedIndex: (ref) => join(attempt(ref), 'index.json'),
  };
}
