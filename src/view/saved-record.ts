/** A run that is settled, folded once: reading ten thousand attempts back takes a fraction of the time that folding their events does. */
import type { RunRecord } from '../contracts/index.ts';
import { type GiveWay, loadRunRecord, readManifest } from '../store/load-run-record.ts';
import { runPaths } from '../store/run-folder.ts';
import { type LogState, logState } from './log-state.ts';
import { loadSaved, saveFile } from './saved-file.ts';

/** Raised whenever the same events are folded into other records. */
const VERSION = 1;
/** Shorter logs are folded as fast. */
const SAVED_BYTES = 1024 * 1024;

type SavedRecord = Omit<RunRecord, 'manifest' | 'dir'>;

/** Like `loadRunRecord`. A run is settled when nothing is left to do in it: only then does its own log say all of it. Throws `run-not-found`, `store-invalid`, `io`. */
export async function loadRecord(dir: string, key: Buffer | null, giveWay: GiveWay): Promise<RunRecord> {
  const by = key === null ? null : { key, version: VERSION };
  const paths = runPaths(dir);
  const made = await Promise.all([paths.manifest, paths.events].map(logState));
  const [, log] = made;
  if (log === undefined || log.size < SAVED_BYTES) return await loadRunRecord(dir, giveWay);
  const saved = await loadSaved<SavedRecord>(paths.savedRecord, by);
  if (saved !== null && made.every((state, at) => isSame(state, saved.made[at])))
    return { manifest: await readManifest(dir), dir, ...saved.value };
  const record = await loadRunRecord(dir, giveWay);
  const { manifest: _, dir: __, ...value } = record;
  if (isSettled(record)) await saveFile<SavedRecord>(paths.savedRecord, by, { made, value });
  return record;
}

function isSame(a: LogState, b: LogState | undefined): boolean {
  return a.size === b?.size && a.mtimeMs === b.mtimeMs;
}

function isSettled({ status, attempts }: RunRecord): boolean {
  return status === 'completed' && attempts.every(({ state }) => ['finished', 'failed', 'skipped'].includes(state));
}
