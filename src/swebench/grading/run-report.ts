/** The report of a whole run, with the fields of the reference in its order. */
import type { InstanceReport, LogRules, Prediction, SwebenchInstance } from '../contracts.ts';
import { isEmptyPatch } from '../predictions/select-work.ts';
import { infraFailure } from './infra-failure.ts';
import { pythonJson } from './python-json.ts';

export interface RunReportInput {
  /** The data set, restricted to what was asked for. */
  instances: readonly SwebenchInstance[];
  predictions: ReadonlyMap<string, Prediction>;
  /** `null`: there is a report file, and it cannot be read. Instances without report are absent. */
  reports: ReadonlyMap<string, InstanceReport | null>;
  /** Logs of instances, for the labels of infrastructure failures: tests and own log together. */
  logs: ReadonlyMap<string, string>;
  compat: LogRules;
}

export type RunReport = Record<string, number | string[] | Map<string, string>>;

export function runReport({ instances, predictions, reports, logs, compat }: RunReportInput): RunReport {
  const ids = {
    completed: [] as string[],
    incomplete: [] as string[],
    empty: [] as string[],
    resolved: [] as string[],
    unresolved: [] as string[],
    infra: [] as string[],
    ambiguous: [] as string[],
    error: [] as string[],
  };
  const reasons = new Map<string, string>();
  for (const { instance_id: id } of instances) {
    const prediction = predictions.get(id);
    if (prediction === undefined) ids.incomplete.push(id);
    else if (isEmptyPatch(prediction)) ids.empty.push(id);
    else {
      const report = reports.get(id);
      if (report === undefined) ids.error.push(id);
      else {
        ids.completed.push(id);
        if (report === null) ids.error.push(id);
        else ids[report.resolved ? 'resolved' : 'unresolved'].push(id);
      }
      const infra = report?.resolved ? undefined : infraFailure(logs.get(id) ?? '');
      if (infra !== undefined) {
        ids[infra.tier === 'environment' ? 'infra' : 'ambiguous'].push(id);
        reasons.set(id, infra.reason);
      }
    }
  }
  const modern = compat === 5;
  const submitted = [...predictions.keys()];
  return {
    total_instances: instances.length,
    submitted_instances: predictions.size,
    completed_instances: ids.completed.length,
    resolved_instances: ids.resolved.length,
    unresolved_instances: ids.unresolved.length,
    ...(modern ? { infra_failure_instances: ids.infra.length, ambiguous_failure_instances: ids.ambiguous.length } : {}),
    empty_patch_instances: ids.empty.length,
    error_instances: ids.error.length,
    completed_ids: sorted(ids.completed),
    incomplete_ids: sorted(ids.incomplete),
    empty_patch_ids: sorted(ids.empty),
    submitted_ids: sorted(submitted),
    resolved_ids: sorted(ids.resolved),
    unresolved_ids: sorted(ids.unresolved),
    ...(modern
      ? {
          infra_failure_ids: sorted(ids.infra),
          ambiguous_failure_ids: sorted(ids.ambiguous),
          failure_reasons: new Map([...reasons].sort(([a], [b]) => byCodePoint(a, b))),
        }
      : {}),
    error_ids: sorted(ids.error),
    schema_version: 2,
  };
}

/** The text of the run's report file. */
export function runReportText(report: RunReport): string {
  return `${pythonJson(report)}\n`;
}

function sorted(ids: readonly string[]): string[] {
  return [...ids].sort(byCodePoint);
}

/** Python compares code points, JavaScript UTF-16 units. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
