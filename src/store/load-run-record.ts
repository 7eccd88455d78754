/** Reads a run folder into a `RunRecord`. */
import {
  AssayError,
  type AttemptRef,
  type Failure,
  type RunEvent,
  type RunManifest,
  type RunRecord,
  runManifestSchema,
  type WorkAside,
} from '../contracts/index.ts';
import { BlobStore } from './blob-store.ts';
import { AttemptFold } from './fold-attempt.ts';
import { readStored } from './open-stored.ts';
import { readEventBatches, readEvents } from './read-events.ts';
import { runPaths } from './run-folder.ts';
import { isRunLocked } from './run-lock.ts';
import { storeError, storeInvalid, systemCode } from './store-error.ts';

/** `run.json` of a run folder. Throws `run-not-found`, `store-invalid`. */
export async function readManifest(dir: string): Promise<RunManifest> {
  const path = runPaths(dir).manifest;
  let data: unknown;
  try {
    data = JSON.parse((await readStored(path)).toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw storeInvalid(`${path} is not JSON: ${error.message}`, { path }, error);
    const code = systemCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw storeError(error, path);
    throw new AssayError('run-not-found', `There is no run in ${dir}.`, { class: 'input', retryable: false });
  }
  const version = (data as { formatVersion?: unknown } | null)?.formatVersion;
  if (typeof version === 'number' && version > 1) {
    throw storeInvalid(`${path} was written by a newer Assay (format ${version}); this one reads format 1.`, { path });
  }
  const parsed = runManifestSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw storeInvalid(`${path}: ${problems.join('; ')}`, { path, problems });
}

/** All attempts that a run plans: attempt 1 of every instance, then attempt 2, ... */
export function plannedAttempts(manifest: RunManifest): (AttemptRef & { repo: string })[] {
  return Array.from({ length: manifest.attempts }, (_, index) =>
    manifest.dataset.instances.map(({ instanceId, repo }) => ({ instanceId, attempt: index + 1, repo })),
  ).flat();
}

export interface FoldedRun {
  status: RunRecord['status'] | null;
  failure: Failure | null;
  /** No event stands in the run's log. */
  empty: boolean;
  /** By `attemptKey`. */
  attempts: Map<string, AttemptFold>;
  /** Work that does not count. */
  aside: WorkAside[];
  /** Milestones that stand in an attempt's log but did not reach the run's log: the process died between the two. */
  missing: RunEvent[];
}

/** Identity of an attempt within its run. */
export function attemptKey(ref: AttemptRef): string {
  return `${ref.instanceId}/${ref.attempt}`;
}

/** Waited for after each piece of a log: others may have something more urgent to do. */
export type GiveWay = () => Promise<void>;

/** Folds the run's log; for attempts it does not show as settled, the attempt's own log, which knows more. */
export async function foldRun(
  dir: string,
  manifest: RunManifest,
  blobs: BlobStore,
  giveWay?: GiveWay,
): Promise<FoldedRun> {
  const paths = runPaths(dir);
  const planned = new Map(plannedAttempts(manifest).map((ref) => [attemptKey(ref), ref]));
  const attempts = new Map([...planned].map(([key, { repo, ...ref }]) => [key, new AttemptFold(ref, repo)]));
  const milestones = new Map<string, number>();
  let status: FoldedRun['status'] = null;
  let failure: Failure | null = null;
  let empty = true;
  const aside: WorkAside[] = [];
  const add = (event: RunEvent) => {
    if (event.type === 'run-start' || event.type === 'run-resume') {
      status = null;
      failure = null;
    } else if (event.type === 'run-end') {
      status = event.status;
      failure = event.failure ?? null;
    } else if (event.type === 'work-aside') {
      aside.push(event.aside);
    } else if (event.type === 'attempt-forget') {
      const key = attemptKey(event.of);
      const known = planned.get(key);
      if (known !== undefined) attempts.set(key, new AttemptFold(event.of, known.repo));
      milestones.delete(key);
    } else if (isMilestone(event)) {
      const key = attemptKey(event);
      attempts.get(key)?.add(event);
      milestones.set(key, (milestones.get(key) ?? 0) + 1);
    }
  };
  for await (const events of readEventBatches(paths.events, blobs)) {
    empty &&= events.length === 0;
    for (const event of events) add(event);
    await giveWay?.();
  }
  const missing: RunEvent[] = [];
  for (const [key, { repo, ...ref }] of planned) {
    if (attempts.get(key)?.settled === true) continue;
    const fold = new AttemptFold(ref, repo);
    let count = 0;
    for await (const event of readEvents(paths.attemptEvents(ref), blobs)) {
      fold.add(event);
      if (isMilestone(event) && ++count > (milestones.get(key) ?? 0)) missing.push(event);
    }
    if (fold.known) attempts.set(key, fold);
  }
  return { status, failure, empty, attempts, aside, missing };
}

type Milestone = Extract<
  RunEvent,
  {
    type:
      | 'attempt-start'
      | 'attempt-resume'
      | 'attempt-end'
      | 'attempt-skip'
      | 'grade-start'
      | 'grade-end'
      | 'score-end';
  }
>;

/** Events that stand in the attempt's log and again in the run's log, so that a run is loaded from one file. */
export function isMilestone(event: RunEvent): event is Milestone {
  return MILESTONE_TYPES.has(event.type);
}

const MILESTONE_TYPES: ReadonlySet<string> = new Set<Milestone['type']>([
  'attempt-start',
  'attempt-resume',
  'attempt-end',
  'attempt-skip',
  'grade-start',
  'grade-end',
  'score-end',
]);

/** The run in a folder, with every planned attempt. Needs no lock, also while another process writes. Throws `run-not-found`, `store-invalid`. */
export async function loadRunRecord(dir: string, giveWay?: GiveWay): Promise<RunRecord> {
  const manifest = await readManifest(dir);
  const folded = await foldRun(dir, manifest, new BlobStore(runPaths(dir).blobs), giveWay);
  return {
    manifest,
    status: folded.status ?? ((await isRunLocked(dir)) ? 'running' : 'interrupted'),
    attempts: [...folded.attempts.values()].map((fold) => fold.record()),
    ...(folded.aside.length === 0 ? {} : { aside: folded.aside }),
    ...(folded.failure === null ? {} : { failure: folded.failure }),
    dir,
  };
}
