/** Runs and logs that were read, kept as long as their files have not changed. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AssayError, type AttemptRecord, type RunManifest, type RunRecord } from '../contracts/index.ts';
import type { GiveWay } from '../store/load-run-record.ts';
import { instanceFolder, isRunId, runPaths } from '../store/run-folder.ts';
import { storeInvalid } from '../store/store-error.ts';
import type { LocatedAttempt } from './attempt-documents.ts';
import type { AttemptIndex } from './attempt-index.ts';
import { IndexCache, type IndexedLog } from './index-cache.ts';
import { logState } from './log-state.ts';
import { RunList } from './run-list.ts';
import { loadRecord } from './saved-record.ts';

/** Runs that nobody has asked for wait so long after each request: what was answered is being drawn. */
const GIVE_WAY_MS = 400;
const LOOK_MS = 20;
/** A run that is at work is read anew at most this often, and at most for a tenth of the time. */
const RUNNING_MS = 1_000;
const READING_SHARE = 0.1;

interface KeptRun {
  /** Of its event log. */
  stamp: string;
  readAt: number;
  /** How long reading took; 0 until it is done. */
  tookMs: number;
  /** Somebody waits for it. */
  wanted: boolean;
  record: Promise<RunRecord>;
}

/** Where one attempt lies. */
export interface FoundAttempt {
  dir: string;
  manifest: RunManifest;
  record: AttemptRecord;
}

/** Reads runs below one folder. Writes nothing but what it learnt of long logs, beside them; several requests for the same thing read it once. */
export class RunCache {
  private readonly runsDir: string;
  private readonly runs = new Map<string, KeptRun>();
  private readonly key: Buffer | null;
  private readonly indexes: IndexCache;
  private readonly list: RunList;
  /** Of what was asked for last. */
  private busyUntil = 0;

  /** `key`: of what is saved beside logs; null: nothing is. */
  constructor(runsDir: string, key: Buffer | null = null) {
    this.runsDir = runsDir;
    this.key = key;
    this.indexes = new IndexCache(key);
    this.list = new RunList(runsDir);
  }

  /** Ids of all runs, newest first, damaged ones among them: reading one says what is wrong. Throws `io`. */
  async ids(): Promise<string[]> {
    return await this.list.ids();
  }

  /** Somebody has asked for the run already. */
  isKept(runId: string): boolean {
    return this.runs.has(runId);
  }

  /** Throws `run-not-found`, `store-invalid`, `io`. */
  async run(runId: string): Promise<RunRecord> {
    this.busyUntil = Date.now() + GIVE_WAY_MS;
    return await this.read(runId, true);
  }

  /** Reads all runs before anybody asks for them, newest first, in nobody's way. What cannot be read is told to whoever asks. */
  async readAhead(): Promise<void> {
    for (const runId of await this.ids().catch(() => [])) await this.read(runId, false).catch(() => {});
  }

  private async read(runId: string, wanted: boolean): Promise<RunRecord> {
    const dir = this.dirOf(runId);
    const stamp = await stampOf(runPaths(dir).events);
    const kept = this.runs.get(runId);
    if (kept !== undefined) kept.wanted ||= wanted;
    if (kept !== undefined && (await isFresh(kept, stamp))) return await kept.record;
    const record = loadNamed(dir, runId, this.key, async () => {
      while (!next.wanted && Date.now() < this.busyUntil) await sleep(LOOK_MS);
    });
    const next: KeptRun = { stamp, readAt: Date.now(), tookMs: 0, wanted, record };
    this.runs.set(runId, next);
    // A failure is told to whoever asked, and not kept.
    record.then(
      () => {
        next.tookMs = Date.now() - next.readAt;
      },
      () => this.runs.delete(runId),
    );
    return await record;
  }

  /** An attempt with what stands where in its log, as soon as that is `enough`. Throws like `find`. */
  async attempt(
    runId: string,
    folder: string,
    attempt: number,
    enough?: (index: AttemptIndex) => boolean,
  ): Promise<LocatedAttempt> {
    const { dir, manifest, record } = await this.find(runId, folder, attempt);
    const index = await this.indexes.get(indexedLog(dir, record), enough);
    return { runDir: dir, manifest, record, index };
  }

  /** A word that changes with the log of an attempt, with its state, and as a long log is read for the first time. Throws like `find`. */
  async attemptStamp(runId: string, folder: string, attempt: number): Promise<string> {
    const { dir, record } = await this.find(runId, folder, attempt);
    const at = indexedLog(dir, record);
    const { size } = await logState(at.log);
    return [size, record.state, this.indexes.progress(at) ?? 'read'].join('-');
  }

  /** An attempt by the folder of its instance. Throws `run-not-found`, `instance-not-found`, `store-invalid`, `io`. */
  async find(runId: string, folder: string, attempt: number): Promise<FoundAttempt> {
    const { dir, manifest, attempts } = await this.run(runId);
    const record = attempts.find((one) => one.attempt === attempt && instanceFolder(one.instanceId) === folder);
    if (record === undefined) {
      throw new AssayError('instance-not-found', `run ${runId} has no attempt ${attempt} of ${folder}`, {
        class: 'input',
        retryable: false,
      });
    }
    return { dir, manifest, record };
  }

  /** The folder of a run, which may not be there. Throws `run-not-found` for what is no id. */
  dirOf(runId: string): string {
    if (isRunId(runId)) return join(this.runsDir, runId);
    throw new AssayError('run-not-found', `${runId} is no run id.`, { class: 'input', retryable: false });
  }
}

function indexedLog(dir: string, record: AttemptRecord): IndexedLog {
  const paths = runPaths(dir);
  return { log: paths.attemptEvents(record), saved: paths.savedIndex(record) };
}

async function loadNamed(dir: string, runId: string, key: Buffer | null, giveWay: GiveWay): Promise<RunRecord> {
  const record = await loadRecord(dir, key, giveWay);
  const { runId: named } = record.manifest;
  if (named !== runId) throw storeInvalid(`the folder ${dir} holds run ${named}: rename it to that`, { dir, named });
  return record;
}

async function isFresh(kept: KeptRun, stamp: string): Promise<boolean> {
  const { status, attempts } = await kept.record;
  // The log of a run says nothing of steps that are made: attempts under way are looked up again now and then.
  const atWork = status === 'running' || attempts.some((one) => one.state === 'running');
  const pauseMs = Math.max(RUNNING_MS, kept.tookMs / READING_SHARE);
  return atWork ? Date.now() - kept.readAt < pauseMs : kept.stamp === stamp;
}

/** Changes when the file does. */
async function stampOf(path: string): Promise<string> {
  const { size, mtimeMs } = await logState(path);
  return `${size} ${mtimeMs}`;
}
