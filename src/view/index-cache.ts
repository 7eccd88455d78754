/** What stands where in the logs of attempts: kept in memory, and of long logs in a file beside the log, so that they are not read again after a restart. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type AttemptIndex, emptyIndex, type IndexedStep, indexAttempt } from './attempt-index.ts';
import { type LogState, logState, sameLog } from './log-state.ts';
import { loadSaved, type SavedBy, saveFile } from './saved-file.ts';

/** Indexes in memory; the least recently used goes first. */
const KEPT_INDEXES = 32;
const LOOK_MS = 10;
/** Who was given the first steps of a long log draws them before the rest is read, which would take the machine from it. */
const REST_MS = 400;
/** Shorter logs, and additions to a saved index that are shorter, are read again faster than they are worth a file. */
const SAVED_BYTES = 4 * 1024 * 1024;
/** Raised whenever the same log gives another index. */
const VERSION = 2;

/** Where a log lies, and where its index may be kept. */
export interface IndexedLog {
  log: string;
  saved: string;
}

type SavedIndex = Omit<AttemptIndex, 'steps'> & { steps: [number, IndexedStep][] };

interface KeptIndex {
  index: AttemptIndex;
  /** The log when it was read; null before. */
  log: LogState | null;
  /** Bytes that the saved index knows. */
  saved: number;
  reading: Promise<void> | null;
  /** How many need more of it than is known. */
  waiting: number;
  /** When the one rest of the first reading ends; null before. */
  restsUntil: number | null;
}

export class IndexCache {
  private readonly kept = new Map<string, KeptIndex>();
  private readonly by: SavedBy;

  /** `key`: seals what is saved, and nothing that is sealed by another one is used; null: nothing is saved. */
  constructor(key: Buffer | null) {
    this.by = key === null ? null : { key, version: VERSION };
  }

  /** The index of a log as it is now; while a log is read for the first time, as soon as it is `enough`: then it grows as it is looked at. Throws `io`. */
  async get(at: IndexedLog, enough: (index: AttemptIndex) => boolean = () => false): Promise<AttemptIndex> {
    const kept = this.use(at.log);
    kept.reading ??= readOn(at, kept, this.by).finally(() => {
      kept.reading = null;
    });
    const read = kept.reading.then(() => true);
    // Who waits is told; who has enough asks again, and is told then.
    read.catch(() => {});
    kept.waiting++;
    try {
      while (kept.index.complete || !enough(kept.index)) if (await Promise.race([read, sleep(LOOK_MS, false)])) break;
    } finally {
      kept.waiting--;
    }
    kept.restsUntil ??= Date.now() + REST_MS;
    return kept.index;
  }

  /** Bytes known of a log that is being read for the first time; null when nobody reads it. */
  progress({ log }: IndexedLog): number | null {
    const kept = this.kept.get(log);
    return kept?.reading == null || kept.index.complete ? null : kept.index.bytes;
  }

  private use(path: string): KeptIndex {
    const kept = this.kept.get(path) ?? unread();
    this.kept.delete(path);
    this.kept.set(path, kept);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT_INDEXES) break;
      this.kept.delete(oldest);
    }
    return kept;
  }
}

function unread(): KeptIndex {
  return { index: emptyIndex(), log: null, saved: 0, reading: null, waiting: 0, restsUntil: null };
}

async function readOn({ log: path, saved: savedPath }: IndexedLog, kept: KeptIndex, by: SavedBy): Promise<void> {
  const now = await logState(path);
  if (kept.log?.size === now.size && kept.log.mtimeMs === now.mtimeMs) return;
  if (kept.log === null) Object.assign(kept, await startOf(savedPath, by));
  if (kept.log !== null && !(await sameLog(path, { before: kept.log, now, known: kept.index })))
    Object.assign(kept, { index: emptyIndex(), saved: 0 });
  await indexAttempt(path, kept.index, () => rest(kept));
  kept.log = now;
  if (kept.index.bytes - kept.saved < SAVED_BYTES) return;
  kept.saved = kept.index.bytes;
  const value = { ...kept.index, steps: [...kept.index.steps] };
  await saveFile<SavedIndex>(savedPath, by, { made: [now], value });
}

async function rest(kept: KeptIndex): Promise<void> {
  while (kept.waiting === 0 && Date.now() < (kept.restsUntil ?? 0)) await sleep(LOOK_MS);
}

/** The saved index, or one of nothing. */
async function startOf(savedPath: string, by: SavedBy): Promise<Pick<KeptIndex, 'index' | 'log' | 'saved'>> {
  const saved = await loadSaved<SavedIndex>(savedPath, by);
  if (saved === null) return { index: emptyIndex(), log: null, saved: 0 };
  const index = { ...saved.value, steps: new Map(saved.value.steps) };
  return { index, log: saved.made[0] ?? null, saved: index.bytes };
}
