/**
 * The JSON documents that the web UI reads. The server answers them live below `data/`, a static export writes the same ones as files, so the pages know one kind of source.
 * Types only: the front end imports this file.
 *
 *     data/site.json                                            SiteDocument
 *     data/runs.json                                            RunsDocument
 *     data/runs-soon.json                                       the same with runs that are not read yet, only live
 *     data/runs/<run>/run.json                                  RunDocument
 *     data/runs/<run>/attempts/<folder>/<n>/attempt.json        AttemptDocument
 *     data/runs/<run>/attempts/<folder>/<n>/attempt-soon.json   the same as far as it is known at once, only live
 *     data/runs/<run>/attempts/<folder>/<n>/attempt-since-<known>.json    the same with the steps that are new or have changed, only live
 *     data/runs/<run>/attempts/<folder>/<n>/steps-<page>.json   StepsDocument
 *     data/runs/<run>/attempts/<folder>/<n>/patch.json, test-log.json    TextFileDocument
 *     data/runs/<run>/attempts/<folder>/<n>/notes.json          AttemptNotes of `src/store/attempt-notes.ts`
 *     data/runs/<run>/attempts/<folder>/<n>/raw-<step>.json     RawStepDocument, only live
 *     data/runs/<run>/attempts/<folder>/<n>/request-<step>.json RequestDocument, only live
 *     data/runs/<run>/attempts/<folder>/<n>/request-<step>-whole.json    the ModelRequest itself, only live
 *     data/runs/<run>/blobs/<hex>-<part>.json                   TextPartDocument
 *     data/compare/<run>,<run>.json                             CompareDocument
 *     data/curves/<run>,<run>.json, data/payout/<run>,….json    PlotDocument
 *
 * Only live: `search?in=<scope>&q=<text>[&run=<run>]` answers with a `SearchLine` of JSON per line, as they are found.
 */
import type { AttemptRecord, GradeReport, Intervention, RunManifest, SandboxReceipt } from '../contracts/index.ts';
import type { Comparison } from '../report/compare-runs.ts';
import type { RunReport, RunReportRow } from '../report/run-report.ts';
import type { GridColumns } from './grid-columns.ts';

export interface SiteDocument {
  /** Pages may start and stop runs. */
  controls: boolean;
  assayVersion: string;
}

/** A run without its attempts. `failure`: the run folder is damaged; then nothing else is known of it. `unread`: its log has not been read yet. */
export type RunLine =
  | ({ createdAt: string } & Omit<RunReport, 'rows' | 'recovery'>)
  | ({ failure: string } & RunNames)
  | ({ unread: true } & RunNames);

interface RunNames {
  runId: string;
  createdAt: string;
  model: string;
  agent: string;
  dataset: string;
}

export interface RunsDocument {
  runs: RunLine[];
}

export interface RunDocument {
  createdAt: string;
  report: Omit<RunReport, 'rows'>;
  /** Why the run stopped early. */
  failure: string | null;
  limits: string;
  host: string;
  fork: ForkOrigin | null;
  /** The run whose instances this one attempts again. */
  requeueOf: string | null;
  attempts: GridColumns;
}

/** The attempt at the same instance that a run was forked from, and the last step that both have. */
export type ForkOrigin = NonNullable<RunManifest['fork']>;

/** One attempt in the grid. */
export interface GridCell extends RunReportRow {
  repo: string;
  /** Folder of the instance, the part of the address of its documents. */
  folder: string;
  patchBytes: number;
  /** First test that must pass and does not. */
  firstFailing: string | null;
  /** What somebody should look at, whatever the verdict. */
  flag: string | null;
}

export interface AttemptDocument extends StepLines {
  runId: string;
  /** At each instance of the run. */
  attempts: number;
  record: Omit<AttemptRecord, 'report' | 'sandboxUsage'>;
  report: GradeReport | null;
  receipt: SandboxReceipt | null;
  /** Null until the sandbox was there, and for imported attempts. */
  sandbox: { backend: string; tier: string } | null;
  imported: { format: string; file: string; leak: string | null } | null;
  scores: { critic: string; score: number }[];
  fork: ForkOrigin | null;
  system: TextBox;
  /** The issue as the agent was given it. */
  prompt: { texts: TextBox[]; images: ImageBox[] };
  /** Lines of the log that are no JSON and so are left out. */
  damagedLines: number;
}

/** The timeline, or what of it somebody does not have yet. */
export interface StepLines {
  /** In the order in which the steps were made. */
  steps: StepLine[];
  /** Who has these asks with this word for what is new. */
  known: string;
  /** `steps` belong to those that the asker has: the others have not changed. */
  adds: boolean;
  /** There are steps that were not sent: ask again, with `known`. */
  more: boolean;
  /** False: there is more, or a long log is being read and there may be more. */
  complete: boolean;
}

/** Steps in one `StepsDocument`: with eight kilobytes or less of most results, a page is small enough to be there at once. */
export const STEPS_PER_PAGE = 20;

/** A step in the timeline. */
export interface StepLine {
  step: number;
  /** Grows with each event of the step. */
  revision: number;
  at: string;
  /** First line of the first call, or of what was said. At most 160 characters. */
  title: string;
  tools: string[];
  /** Files that edit calls of the step changed, or that its commands seem to write. */
  edited: string[];
  /** Null: unknown. */
  usd: number | null;
  outputTokens: number;
  durationMs: number;
  value: number | null;
  failed: boolean;
  intervention: Intervention['kind'] | null;
}

export interface StepsDocument {
  steps: StepDocument[];
}

/** The events of a step as they stand in the log, one after the other. */
export interface RawStepDocument {
  events: { text: TextBox; long: LongMember[] }[];
  /** The provider's answer as it came over the wire; null where none was kept. */
  answer: TextBox | null;
}

/** What the model was asked in a step. */
export interface RequestDocument {
  /** The request is the one that was sent; otherwise it was built again as well as the log allows. */
  exact: boolean;
  /** How that is known. */
  why: string;
  messages: number;
  /** Indented JSON or its start; the whole of it is in `request-<step>-whole.json`. */
  request: TextBox;
}

export interface StepDocument extends StepLine {
  inputTokens: number;
  latencyMs: number;
  servedModel: string | null;
  reasoning: TextBox[];
  thought: TextBox[];
  calls: CallDocument[];
  /** What the user said after the step: hints of recovery, notices of limits. */
  told: TextBox[];
}

export interface CallDocument {
  name: string;
  /** A command as typed, else the input as indented JSON, with the starts of long members. */
  input: TextBox;
  /** The input is a command and nothing else. */
  typed: boolean;
  long: LongMember[];
  /** Null: the call never came back. */
  result: CallResult | null;
}

export interface CallResult {
  texts: TextBox[];
  images: ImageBox[];
  isError: boolean;
  exitCode: number | null;
  durationMs: number;
  /** Bytes that the model did not see. */
  cutBytes: number;
}

/** A text or its start. */
export interface TextBox {
  text: string;
  /** Of the whole text, UTF-8. */
  bytes: number;
  /** Hexadecimal digest, when `text` is only the start and the whole is in the parts of a blob. */
  blob: string | null;
  /** `text` is only the start, and the rest is in the log itself alone. */
  cut: boolean;
}

/** A long text within something larger that shows its start only. */
export interface LongMember {
  /** Keys that lead to it: `edits.0.text`. */
  name: string;
  text: TextBox;
}

export interface ImageBox {
  mediaType: string;
  /** Base64. */
  data: TextBox;
}

/** Bytes of one part of a blob, at most: parts are cut at characters. */
export const PART_BYTES = 256 * 1024;

export interface TextPartDocument {
  text: string;
  /** Number of parts in all. */
  parts: number;
}

export interface TextFileDocument {
  /** Null: there is no such file. */
  text: string | null;
  /** Of the whole file; `text` is its start and end when it is longer than what is shown. */
  bytes: number;
  leftOutBytes: number;
}

export interface CompareDocument {
  comparison: Comparison;
  /** Per run and repository. */
  repositories: { repo: string; resolved: { runId: string; resolved: number; judged: number }[] }[];
  /** Folder of each instance, where it is not its id. */
  folders: Record<string, string>;
  /** Cost against accuracy as an SVG document. */
  svg: string;
}

/** Figures as the command line prints them, and their drawing. */
export interface PlotDocument {
  text: string;
  /** Null when there is nothing to draw. */
  svg: string | null;
}

/** Where a search looks: everywhere, into what the agent ran, or at the files that it changed. */
export type SearchScope = 'text' | 'command' | 'file';

export type SearchPlace =
  | 'prompt'
  | 'thought'
  | 'reasoning'
  | 'action'
  | 'edit'
  | 'observation'
  | 'told'
  | 'patch'
  | 'tests';

export type SearchLine =
  | {
      type: 'hit';
      runId: string;
      instanceId: string;
      folder: string;
      attempt: number;
      /** Null outside of the steps. */
      step: number | null;
      place: SearchPlace;
      excerpt: string;
    }
  | { type: 'progress'; looked: number; of: number }
  | { type: 'problem'; message: string }
  /** `limited`: there may be more hits than were sent. */
  | { type: 'end'; looked: number; of: number; limited: boolean };
