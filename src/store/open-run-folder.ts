/** A run folder open for writing: routes each event to the log of its attempt and to the run's own log. */
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import type { AttemptRef, OpenRun, RunEvent, RunManifest } from '../contracts/index.ts';
import { BlobStore } from './blob-store.ts';
import { makeDurableFolder } from './durable-folder.ts';
import { EventLog } from './event-log.ts';
import { AttemptFold } from './fold-attempt.ts';
import { attemptKey, foldRun, isMilestone, loadRunRecord } from './load-run-record.ts';
import { moveAside, placeAttempt } from './place-attempt.ts';
import { readArtifact } from './read-artifact.ts';
import { readEvents } from './read-events.ts';
import { runPaths } from './run-folder.ts';
import { acquireRunLock } from './run-lock.ts';
import { storeError } from './store-error.ts';

/** Takes the lock, and repeats in the run's log what only reached the log of an attempt. Throws `run-locked`, `store-invalid`, `disk-full`, `io`. */
export async function openRunFolder(dir: string, manifest: RunManifest): Promise<OpenRun> {
  const lock = await acquireRunLock(dir);
  const paths = runPaths(dir);
  const blobs = new BlobStore(paths.blobs);
  const runLog = new EventLog(paths.events);
  const attemptLogs = new Map<string, EventLog>();
  const repos = new Map(manifest.dataset.instances.map(({ instanceId, repo }) => [instanceId, repo]));

  const attemptLog = (ref: AttemptRef) => {
    const key = attemptKey(ref);
    const log = attemptLogs.get(key) ?? new EventLog(paths.attemptEvents(ref));
    attemptLogs.set(key, log);
    return log;
  };

  const append = async (event: RunEvent) => {
    const encoded = blobs.encode(event);
    const ref = attemptOf(event);
    if (ref === null) return await runLog.append(encoded);
    // The attempt's log first: it is the truth about the attempt, and the run's log can be completed from it.
    const log = attemptLog(ref);
    await log.append(encoded);
    if (isMilestone(event)) await runLog.append(encoded);
    if (
      ['grade-end', 'attempt-skip', 'score-end'].includes(event.type) ||
      (event.type === 'attempt-end' && event.gradable === false)
    )
      await log.release();
  };

  const forget = async (ref: AttemptRef) => {
    await attemptLogs.get(attemptKey(ref))?.release();
    attemptLogs.delete(attemptKey(ref));
  };

  let closed: Promise<void> | null = null;
  const close = async () => {
    try {
      const ends = await Promise.allSettled([runLog, ...attemptLogs.values()].map((log) => log.release()));
      const bad = ends.find((end) => end.status === 'rejected');
      if (bad !== undefined) throw storeError(bad.reason, dir);
    } finally {
      await lock.release();
    }
  };

  let isNew: boolean;
  try {
    const folded = await foldRun(dir, manifest, blobs);
    isNew = folded.empty;
    for (const event of folded.missing) await runLog.append(blobs.encode(event));
  } catch (error) {
    await close();
    throw error;
  }

  return {
    manifest,
    dir,
    isNew,
    append,
    writeArtifact: (ref, name, content) => keepFile(paths.attempt(ref), name, content),
    keepGradeArtifact: (ref, { name, data }) => keepFile(join(paths.attempt(ref), 'artifacts'), name, data),
    readArtifact: (ref, name) => readArtifact(paths.attempt(ref), name),
    async history(ref) {
      const fold = new AttemptFold(ref, repos.get(ref.instanceId) ?? '');
      for await (const event of readEvents(paths.attemptEvents(ref), blobs)) fold.add(event);
      return fold.history();
    },
    async adopt(ref, account) {
      await forget(ref);
      await placeAttempt(paths, ref, account);
      const milestones: RunEvent[] = [];
      for await (const event of readEvents(paths.attemptEvents(ref), blobs))
        if (isMilestone(event)) milestones.push(event);
      await Promise.all(milestones.map((event) => runLog.append(blobs.encode(event))));
      return milestones;
    },
    async putAside(ref, name) {
      await forget(ref);
      // Before the move: should this process die between the two, the attempt's own log says again what the run's log has forgotten.
      await runLog.append(blobs.encode({ type: 'attempt-forget', at: new Date().toISOString(), of: ref }));
      await moveAside(paths, ref, name);
    },
    record: () => loadRunRecord(dir),
    close: () => (closed ??= close()),
  };
}

/** The attempt whose log an event belongs to. A note may name an instance without an attempt: it belongs to the run. */
function attemptOf(event: RunEvent): AttemptRef | null {
  if (!('attempt' in event) || event.attempt === undefined || event.instanceId === undefined) return null;
  return { instanceId: event.instanceId, attempt: event.attempt };
}

async function keepFile(folder: string, name: string, content: string | Uint8Array): Promise<void> {
  const path = join(folder, name);
  try {
    await makeDurableFolder(folder);
    await writeFileAtomic(path, content);
  } catch (error) {
    throw storeError(error, path);
  }
}
