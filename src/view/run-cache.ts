/** Runs and logs that were read, kept as long as their files have not changed. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AssayError, type AttemptRecord, type RunManifest, type RunRecord } from '../contracts/index.ts';
import { listRuns } from '../store/file-run-store.ts';
import { loadRunRecord } from '../store/load-run-record.ts';
import { instanceFolder, isRunId, runPaths } from '../store/run-folder.ts';
import { systemCode } from '../store/store-error.ts';
import type { LocatedAttempt } from './attempt-documents.ts';
import { type AttemptIndex, indexAttempt, logSize } from './attempt-index.ts';

/** Indexes of logs that are kept, the least recently used goes first. */
const KEPT_INDEXES = 32;
/** A run that is at work is read anew at most this often, and at most for a tenth of the time. */
const RUNNING_MS = 1_000;
const READING_SHARE = 0.1;

interface KeptRun {
  /** Of its event log. */
  stamp: string;
  readAt: number;
  /** How long reading took; 0 until it is done. */
  tookMs: number;
  record: Promise<RunRecord>;
}

interface Found {
  dir: string;
  manifest: RunManifest;
  record: AttemptRecord;
}

/** Reads runs below one folder. Never writes; several requests for the same thing read it once. */
export class RunCache {
  private readonly runsDir: string;
  private readonly runs = new Map<string, KeptRun>();
  private readonly indexes = new Map<string, Promise<AttemptIndex>>();

  constructor(runsDir: string) {
    this.runsDir = runsDir;
  }

  /** Ids of all runs, newest first. */
  async ids(): Promise<string[]> {
    return (await listRuns(this.runsDir)).map(({ manifest }) => manifest.runId);
  }

  /** Throws `run-not-found`, `store-invalid`, `io`. */
  async run(runId: string): Promise<RunRecord> {
    const dir = this.dirOf(runId);
    const stamp = await stampOf(runPaths(dir).events);
    const kept = this.runs.get(runId);
    if (kept !== undefined && (await isFresh(kept, stamp))) return await kept.record;
    const record = loadRunRecord(dir);
    const next: KeptRun = { stamp, readAt: Date.now(), tookMs: 0, record };
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

  /** An attempt with what stands where in its log. Throws like `find`. */
  async attempt(runId: string, folder: string, attempt: number): Promise<LocatedAttempt> {
    const { dir, manifest, record } = await this.find(runId, folder, attempt);
    return { runDir: dir, manifest, record, index: await this.index(dir, record) };
  }

  /** An attempt by the folder of its instance. Throws `run-not-found`, `instance-not-found`, `store-invalid`, `io`. */
  async find(runId: string, folder: string, attempt: number): Promise<Found> {
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

  private async index(dir: string, record: AttemptRecord): Promise<AttemptIndex> {
    const path = runPaths(dir).attemptEvents(record);
    const before = this.indexes.get(path);
    const next = (async () => {
      const known = await before?.catch(() => undefined);
      const size = await logSize(path);
      if (known !== undefined && known.bytes === size) return known;
      // A log only grows; one that is shorter is another one.
      return await indexAttempt(path, known !== undefined && known.bytes < size ? known : undefined);
    })();
    this.indexes.delete(path);
    this.indexes.set(path, next);
    next.catch(() => this.indexes.delete(path));
    for (const oldest of this.indexes.keys()) {
      if (this.indexes.size <= KEPT_INDEXES) break;
      this.indexes.delete(oldest);
    }
    return await next;
  }
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
  try {
    const { size, mtimeMs } = await stat(path);
    return `${size} ${mtimeMs}`;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  }
}
