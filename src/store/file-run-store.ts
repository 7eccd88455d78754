/** The run store in plain files (`docs/run-store.md`). */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import {
  AssayError,
  type AttemptRef,
  type OpenRun,
  type RunManifest,
  type RunRecord,
  type RunStore,
  type RunSummary,
  runEventSchema,
} from '../contracts/index.ts';
import { BlobStore } from './blob-store.ts';
import { makeDurableFolder, syncFolder } from './durable-folder.ts';
import { loadRunRecord, readManifest } from './load-run-record.ts';
import { openRunFolder } from './open-run-folder.ts';
import { openStored, readStored } from './open-stored.ts';
import { readArtifact } from './read-artifact.ts';
import { followEvents, readEvents } from './read-events.ts';
import { isRunId, runPaths } from './run-folder.ts';
import { isRunLocked } from './run-lock.ts';
import { storeError, storeInvalid, systemCode } from './store-error.ts';

/** Bytes at the end of a run's log that hold its last event. */
const TAIL_BYTES = 64 * 1024;

/** The store of all runs below `runsDir`; the folder is created with the first run. */
export function fileRunStore(runsDir: string): RunStore {
  const dirOf = (runId: string) => {
    if (!isRunId(runId)) throw new AssayError('run-not-found', `${runId} is no run id.`, { class: 'input' });
    return join(runsDir, runId);
  };
  const logOf = (runId: string, ref: AttemptRef | undefined) => {
    const paths = runPaths(dirOf(runId));
    return { path: ref === undefined ? paths.events : paths.attemptEvents(ref), blobs: new BlobStore(paths.blobs) };
  };
  return {
    create: (manifest) => createRun(runsDir, manifest),
    open: async (runId) => await openRun(dirOf(runId)),
    load: async (runId) => await loadRunRecord(dirOf(runId)),
    async readArtifact(runId, ref, name) {
      await readManifest(dirOf(runId));
      return readArtifact(runPaths(dirOf(runId)).attempt(ref), name);
    },
    list: () => listRuns(runsDir),
    async *events(runId, ref) {
      const { path, blobs } = logOf(runId, ref);
      await readManifest(dirOf(runId));
      yield* readEvents(path, blobs);
    },
    async *follow(runId, { ref, signal }) {
      const { path, blobs } = logOf(runId, ref);
      await readManifest(dirOf(runId));
      yield* followEvents(path, blobs, signal);
    },
  };
}

/** Makes the folder of a new run and opens it. The folder appears with its `run.json` in it, or not at all. */
export async function createRun(runsDir: string, manifest: RunManifest): Promise<OpenRun> {
  const { runId } = manifest;
  if (!isRunId(runId)) throw storeInvalid(`${runId} cannot be the name of a run's folder.`, { runId });
  const dir = join(resolve(runsDir), runId);
  const temporary = join(resolve(runsDir), `.${runId}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await makeDurableFolder(runsDir);
    await mkdir(temporary);
    await writeFileAtomic(runPaths(temporary).manifest, `${JSON.stringify(manifest, null, 2)}\n`);
    await rename(temporary, dir);
    await syncFolder(dirname(dir));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(systemCode(error) ?? '')) {
      throw storeInvalid(`There is a run ${runId} already in ${runsDir}.`, { runId, dir }, error);
    }
    throw storeError(error, dir);
  }
  return await openRun(dir);
}

/** Opens a run folder for writing. Throws `run-not-found`, `store-invalid`, `run-locked`. */
export async function openRun(dir: string): Promise<OpenRun> {
  return await openRunFolder(resolve(dir), await readManifest(dir));
}

/** The runs below a folder, newest first; none when there is no such folder. Damaged runs are passed over: loading one says what is wrong. */
export async function listRuns(runsDir: string): Promise<RunSummary[]> {
  let names: string[];
  try {
    names = await readdir(runsDir);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw storeError(error, runsDir);
  }
  const runs: RunSummary[] = [];
  for (const name of names.filter(isRunId)) {
    const dir = join(runsDir, name);
    const isRun = await stat(runPaths(dir).manifest).catch(() => null);
    if (isRun === null) continue;
    try {
      const manifest = await readManifest(dir);
      if (manifest.runId === basename(dir)) runs.push({ manifest, status: await statusOf(dir), dir });
    } catch (error) {
      if (!(error instanceof AssayError) || error.code !== 'store-invalid') throw error;
    }
  }
  const time = (run: RunSummary) => Date.parse(run.manifest.createdAt);
  return runs.sort((a, b) => time(b) - time(a) || (a.dir < b.dir ? 1 : -1));
}

/** A `run-end` is the last event of a log until the run is resumed, so the end of the file is enough. */
async function statusOf(dir: string): Promise<RunRecord['status']> {
  const last = await lastLine(runPaths(dir).events);
  const event = last === null ? undefined : runEventSchema.safeParse(last).data;
  if (event?.type === 'run-end') return event.status;
  return (await isRunLocked(dir)) ? 'running' : 'interrupted';
}

/** The last whole line as JSON; null when there is none or it is longer than the part that is read. */
async function lastLine(path: string): Promise<unknown> {
  try {
    const size = (await stat(path)).size;
    const start = Math.max(0, size - TAIL_BYTES);
    if (size <= TAIL_BYTES) return parseLast((await readStored(path)).toString('utf8'));
    const handle = await openStored(path);
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, start);
      return parseLast(buffer.toString('utf8', 0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw storeError(error, path);
  }
}

function parseLast(text: string): unknown {
  const whole = text.slice(0, text.lastIndexOf('\n'));
  try {
    return JSON.parse(whole.slice(whole.lastIndexOf('\n') + 1));
  } catch {
    return null;
  }
}
