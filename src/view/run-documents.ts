/** Runs as the pages show them: the table of all, and one with the grid of its attempts. */
import type { AttemptRecord, RunRecord } from '../contracts/index.ts';
import { compareRuns } from '../report/compare-runs.ts';
import { comparisonSvg } from '../report/comparison-svg.ts';
import { isInfraFailure, type RunReport, type RunReportRow, runReport } from '../report/run-report.ts';
import { instanceFolder } from '../store/run-folder.ts';
import type { CompareDocument, GridCell, RunDocument, RunLine } from './documents.ts';
import { gridColumns } from './grid-columns.ts';

/** Reports are asked for again and again: a record that has not been read anew has the same one. */
const reports = new WeakMap<RunRecord, RunReport>();

function reportOf(record: RunRecord): RunReport {
  const report = reports.get(record) ?? runReport(record);
  reports.set(record, report);
  return report;
}

export function runLine(record: RunRecord): RunLine {
  const { rows: _, recovery: __, ...report } = reportOf(record);
  return { createdAt: record.manifest.createdAt, ...report };
}

const documents = new WeakMap<RunRecord, RunDocument>();

/** The same document as long as the record has not been read anew. */
export function runDocument(record: RunRecord): RunDocument {
  const document = documents.get(record) ?? newRunDocument(record);
  documents.set(record, document);
  return document;
}

function newRunDocument(record: RunRecord): RunDocument {
  const { rows, ...report } = reportOf(record);
  const { manifest, failure } = record;
  const { limits, host } = manifest;
  return {
    createdAt: manifest.createdAt,
    report,
    failure: failure === undefined ? null : failure.message,
    limits: `${limits.steps} steps, ${limits.wallSeconds} s${limits.costUsd === undefined ? '' : `, $${limits.costUsd}`}`,
    host: `${host.platform} ${host.kernel}, ${host.cpus} CPUs, Node ${host.node}, Assay ${manifest.assayVersion}`,
    fork: manifest.fork ?? null,
    requeueOf: manifest.requeue?.runId ?? null,
    attempts: gridColumns(record.attempts.map((attempt, at) => gridCell(attempt, rows[at]))),
  };
}

function gridCell(attempt: AttemptRecord, row: RunReportRow | undefined): GridCell {
  if (row === undefined) throw new RangeError(`no row for ${attempt.instanceId}, attempt ${attempt.attempt}`);
  const { report } = attempt;
  // Member by member: a spread of each of ten thousand rows takes ten times as long.
  return {
    instanceId: row.instanceId,
    attempt: row.attempt,
    state: row.state,
    verdict: row.verdict,
    outcome: row.outcome,
    steps: row.steps,
    usd: row.usd,
    unknownCosts: row.unknownCosts,
    workingMs: row.workingMs,
    failure: row.failure,
    score: row.score,
    repo: attempt.repo,
    folder: instanceFolder(attempt.instanceId),
    patchBytes: attempt.patchBytes,
    firstFailing: report?.failToPass.failure[0] ?? report?.passToPass.failure[0] ?? null,
    flag: flagOf(attempt),
  };
}

/** A patch that touches what judges it, and verdicts without any sign of tests: both may be honest, and both are how grading is cheated. */
function flagOf({ report, totals }: AttemptRecord): string | null {
  if ((report?.restoredFiles.length ?? 0) > 0) return 'changed files of the tests, which were put back';
  if (report?.verdict === 'no-evidence') return 'the tests left no sign that they ran';
  return report?.resolved === true && (totals?.interventions ?? 0) > 0 ? 'resolved after recovery stepped in' : null;
}

export function compareDocument(records: readonly RunRecord[]): CompareDocument {
  const comparison = compareRuns(records);
  const repos = [...new Set(records.flatMap((record) => record.attempts.map((one) => one.repo)))].sort();
  const repositories = repos.map((repo) => ({
    repo,
    resolved: records.map((record) => {
      const judged = record.attempts.filter(
        (one) => one.repo === repo && one.state === 'finished' && !isInfraFailure(one),
      );
      const resolved = judged.filter((one) => one.report?.resolved === true).length;
      return { runId: record.manifest.runId, resolved, judged: judged.length };
    }),
  }));
  const ids = [...new Set(records.flatMap((record) => record.attempts.map((one) => one.instanceId)))];
  const folders = ids.map((id) => [id, instanceFolder(id)] as const).filter(([id, folder]) => id !== folder);
  return { comparison, repositories, folders: Object.fromEntries(folders), svg: comparisonSvg(comparison) };
}
