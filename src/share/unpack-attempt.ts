/**
 * Puts a bundle of another process into a folder of its own, after looking at all of it: a shared store may hold anything. Nothing reaches the run folder from here; who has called places what was accepted.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { sha256 } from '../base/digest.ts';
import { ARTIFACT_NAMES, AssayError, type AttemptRecord, type AttemptRef } from '../contracts/index.ts';
import { BlobStore } from '../store/blob-store.ts';
import { AttemptFold } from '../store/fold-attempt.ts';
import { readEvents } from '../store/read-events.ts';
import { type Account, isEnded } from './account.ts';
import { type BundleHeader, bundleHeaderSchema, HEADER_FILE } from './pack-attempt.ts';
import { parseText } from './parse-text.ts';

export interface UnpackedAttempt {
  /** Folder with the attempt's log and files. */
  attempt: string;
  /** Folder of its blobs, as below a run. */
  blobs: string;
  record: AttemptRecord;
  remove(): Promise<void>;
}

export interface Expected {
  account: Account;
  header: Omit<BundleHeader, 'formatVersion' | 'owner' | 'token'>;
  repo: string;
  /** True for a result, false for a piece of work that goes on. */
  ended: boolean;
}

const MAX_UNPACKED = 2 ** 30;
const ARTIFACT = /^artifacts\/(?!\.{1,2}$)[^/\p{Cc}]{1,255}$/u;
const BLOB = /^blobs\/[0-9a-f]{64}$/;
const PLAIN_FILES: ReadonlySet<string> = new Set(['events.jsonl', ...ARTIFACT_NAMES]);

/** Throws `store-invalid` saying what is wrong with the bundle. `beside`: an existing folder on the file system of the run. */
export async function unpackAttempt(bytes: Buffer, expected: Expected, beside: string): Promise<UnpackedAttempt> {
  if (sha256(bytes) !== expected.account.digest) throw refuse('its bytes are not those that its entry names');
  const files = await filesIn(bytes);
  checkHeader(files.get(HEADER_FILE), expected);
  const folder = await mkdtemp(join(beside, '.incoming-'));
  const places = { attempt: join(folder, 'attempt'), blobs: join(folder, 'blobs') };
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await Promise.all(Object.values(places).map((path) => mkdir(path)));
    for (const [name, data] of files) if (name !== HEADER_FILE) await place(name, data, places);
    const record = await readRecord(files.get('events.jsonl'), places, expected);
    checkPatch(files.get('patch.diff'), record);
    return { ...places, record, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function filesIn(bytes: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  try {
    const whole = await promisify(gunzip)(bytes, { maxOutputLength: MAX_UNPACKED });
    for await (const entry of Readable.from([whole]).pipe(extract())) {
      const { name, type } = entry.header;
      const known = name === HEADER_FILE || PLAIN_FILES.has(name) || ARTIFACT.test(name) || BLOB.test(name);
      if (type !== 'file' || !known || files.has(name)) throw refuse(`it has no business with ${JSON.stringify(name)}`);
      files.set(name, await buffer(entry));
    }
  } catch (error) {
    if (error instanceof AssayError) throw error;
    throw refuse(`it cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  return files;
}

function checkHeader(data: Buffer | undefined, { header }: Expected): void {
  const { data: found, problem } = parseText(bundleHeaderSchema, (data ?? '').toString('utf8'));
  if (found === undefined) throw refuse(`its header cannot be read: ${problem}`);
  const wrong = Object.entries(header).filter(([name, value]) => found[name as keyof typeof header] !== value);
  if (wrong.length === 0) return;
  const list = wrong.map(([name]) => `${name} ${JSON.stringify(found[name as keyof typeof header])}`).join(', ');
  throw refuse(`it belongs to another attempt or run: ${list}`);
}

async function place(name: string, data: Buffer, { attempt, blobs }: { attempt: string; blobs: string }) {
  const hex = /^blobs\/(.*)$/.exec(name)?.[1];
  if (hex === undefined) return await writeFileAtomic(join(attempt, name), data);
  if (sha256(data) !== `sha256:${hex}`) throw refuse(`the blob ${hex} has other content`);
  const path = join(blobs, hex.slice(0, 2), hex);
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, data);
}

/** Every line must be a whole event of this attempt, and their end what the entry says. */
async function readRecord(
  log: Buffer | undefined,
  { attempt, blobs }: { attempt: string; blobs: string },
  { account, header, repo, ended }: Expected,
): Promise<AttemptRecord> {
  if (log === undefined || log.at(-1) !== 0x0a) throw refuse('its log is missing or torn');
  const ref: AttemptRef = { instanceId: header.instanceId, attempt: header.attempt };
  const fold = new AttemptFold(ref, repo);
  let read = 0;
  for await (const event of readEvents(join(attempt, 'events.jsonl'), new BlobStore(blobs))) {
    const of = 'attempt' in event ? event : undefined;
    if (of?.instanceId !== ref.instanceId || of.attempt !== ref.attempt)
      throw refuse(`its log has an event of something else (${event.type})`);
    fold.add(event);
    read++;
  }
  const lines = log.reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 0);
  if (read !== lines) throw refuse(`${lines - read} of the ${lines} lines of its log are no events`);
  const record = fold.record();
  if (ended && !isEnded(record.state)) throw refuse(`its log does not come to an end: ${record.state}`);
  if (record.state !== account.state) throw refuse(`its log ends ${record.state}, its entry says ${account.state}`);
  return record;
}

function checkPatch(patch: Buffer | undefined, { patchDigest }: AttemptRecord): void {
  if (patchDigest === null) return;
  if (patch === undefined || sha256(patch) !== patchDigest) throw refuse('its patch is not the one that its log names');
}

function refuse(what: string, cause?: unknown): AssayError {
  return new AssayError('store-invalid', `refused, as ${what}`, { class: 'input', retryable: false, cause });
}
