/**
 * Where runs are kept. The files are the truth (`docs/run-store.md`); whatever else knows something about a run can be made from them again.
 * Contract suite: `test/contracts/store-contract.ts`.
 */

import type { RecordedStep } from './agent.ts';
import type { AttemptTotals, RunEvent } from './events.ts';
import type { GradeArtifact } from './grading.ts';
import type { AttemptRecord, RunManifest, RunRecord } from './run.ts';

/** One attempt of one instance; attempts count from 1. */
export interface AttemptRef {
  instanceId: string;
  attempt: number;
}

/** Files beside an attempt's events. */
export const ARTIFACT_NAMES = ['patch.diff', 'eval.sh', 'test_output.txt', 'report.json'] as const;
export type ArtifactName = (typeof ARTIFACT_NAMES)[number];

/** One line of a list of runs. */
export interface RunSummary {
  manifest: RunManifest;
  status: RunRecord['status'];
  dir: string;
}

/** What the log of one attempt says. */
export interface AttemptHistory {
  /** The record folded from the log; null when there is no log yet. */
  record: AttemptRecord | null;
  /** Steps whose reply is durable, in order, without gaps from step 1. */
  recorded: RecordedStep[];
  /** The conversation's start is in the log. */
  opened: boolean;
  /** Totals of everything in the log, also of an attempt that is not finished. */
  totals: AttemptTotals;
}

/** A run open for writing. One at a time per run, over all processes; whoever opened it closes it. */
export interface OpenRun {
  readonly manifest: RunManifest;
  readonly dir: string;
  /** True when the run's log was empty as it was opened: nothing has begun yet. */
  readonly isNew: boolean;
  /**
   * Resolves once the event is on disk. Events of one attempt (and those of the run itself) keep the order of the calls. Throws `disk-full` or
   * `io`; from then on every append throws the same, and nothing that was resolved before is lost.
   */
  append(event: RunEvent): Promise<void>;
  /** Writes a whole file durably: a reader sees the old content or the new. Throws `disk-full` or `io`. */
  writeArtifact(ref: AttemptRef, name: ArtifactName, content: string): Promise<void>;
  /** Keeps what the tests of an attempt left, below `artifacts/` of its folder, in place of a file of that name. Throws `disk-full` or `io`. */
  keepGradeArtifact(ref: AttemptRef, file: GradeArtifact): Promise<void>;
  /** Null when there is none. */
  readArtifact(ref: AttemptRef, name: ArtifactName): Promise<string | null>;
  /** Everything known of one attempt, from its own log. */
  history(ref: AttemptRef): Promise<AttemptHistory>;
  /**
   * Puts another process's account of an attempt in the place of what is here: `attempt` is a folder with its log and files, `blobs` one with what its log keeps there; both are moved. Resolves to the
   * milestones of it, once they are in the run's log. What was here of the attempt must have been put aside.
   */
  adopt(ref: AttemptRef, account: { attempt: string; blobs: string }): Promise<RunEvent[]>;
  /** Moves what is here of an attempt to `aside/`, where nothing reads it; the attempt has then not been begun. */
  putAside(ref: AttemptRef, name: string): Promise<void>;
  /** The run as it stands, with every planned attempt. */
  record(): Promise<RunRecord>;
  /** Flushes, closes the files and gives the lock back. Idempotent. */
  close(): Promise<void>;
}

export interface RunStore {
  /** A new run. Throws `store-invalid` when the id is taken or unusable as a folder name. */
  create(manifest: RunManifest): Promise<OpenRun>;
  /**
   * Opens a run to go on with it; cuts what a dead process left half-written. Throws `run-not-found`, `store-invalid` (damaged, or made by a newer
   * Assay), `run-locked` (says which process has it). The lock of a dead process is broken.
   */
  open(runId: string): Promise<OpenRun>;
  /** Reads without a lock, also while another process writes. Throws `run-not-found`, `store-invalid`. */
  load(runId: string): Promise<RunRecord>;
  /** A file beside an attempt's events, without a lock; null when there is none. Throws `run-not-found`, `io`. */
  readArtifact(runId: string, ref: AttemptRef, name: ArtifactName): Promise<string | null>;
  /** Newest first. Folders that are no runs are passed over. */
  list(): Promise<RunSummary[]>;
  /** Events of one attempt, or of the run itself, in order. Events of types this version does not know are passed over. */
  events(runId: string, ref?: AttemptRef): AsyncIterable<RunEvent>;
  /** Like `events`, then goes on with what is appended, until the signal is aborted. */
  follow(runId: string, options: { ref?: AttemptRef; signal: AbortSignal }): AsyncIterable<RunEvent>;
}
