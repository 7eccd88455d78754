/** What the gradings of a validation say about each instance. */
import type { Dataset, Failure, GradeReport, TaskInstance } from '../contracts/index.ts';

export interface ValidationStep {
  instanceId: string;
  patch: 'gold' | 'empty';
  /** From 1. */
  round: number;
}

export interface ValidationGrade extends ValidationStep {
  report: GradeReport;
}

/**
 * `valid`: gold resolved and no change did not, every time. `flaky`: the same patch got different verdicts, or different tests passed.
 * `gold-unresolved`, `empty-resolved`: wrong every time. `failed`: no environment, no gold patch, or the infrastructure failed. `incomplete`: stopped before.
 */
export type ValidationStatus = 'valid' | 'flaky' | 'gold-unresolved' | 'empty-resolved' | 'failed' | 'incomplete';

export interface InstanceValidation {
  instanceId: string;
  status: ValidationStatus;
  /** By round. */
  gold: GradeReport[];
  empty: GradeReport[];
  /** What the tests may take, by the clock on the wall. */
  timeoutSeconds: number;
  /** Tests whose result is not the same in every round of one patch. */
  flakyTests: string[];
  failure?: Failure;
}

export interface ValidationReport {
  dataset: string;
  digest: string;
  times: number;
  instances: InstanceValidation[];
  counts: Record<ValidationStatus, number>;
  /** False when it was stopped before every patch was graded. */
  complete: boolean;
  /** Why it stopped early by itself. */
  failure?: Failure;
}

export function summarise(
  dataset: Dataset,
  times: number,
  grades: readonly ValidationGrade[],
  failures: ReadonlyMap<string, Failure>,
  failure: Failure | null,
): ValidationReport {
  const instances = dataset.instances.map((instance) => {
    const { instanceId } = instance;
    const of = (patch: ValidationGrade['patch']) =>
      grades
        .filter((grade) => grade.instanceId === instanceId && grade.patch === patch)
        .sort((a, b) => a.round - b.round)
        .map((grade) => grade.report);
    return judge(instance, times, of('gold'), of('empty'), failures.get(instanceId));
  });
  const statuses = ['valid', 'flaky', 'gold-unresolved', 'empty-resolved', 'failed', 'incomplete'] as const;
  const counts = Object.fromEntries(
    statuses.map((status) => [status, instances.filter((one) => one.status === status).length]),
  ) as Record<ValidationStatus, number>;
  return {
    dataset: dataset.reference,
    digest: dataset.digest,
    times,
    instances,
    counts,
    complete: counts.incomplete === 0,
    ...(failure === null ? {} : { failure }),
  };
}

function judge(
  { instanceId, task }: TaskInstance,
  times: number,
  gold: GradeReport[],
  empty: GradeReport[],
  known: Failure | undefined,
): InstanceValidation {
  const flakyTests = [...new Set([...unsteadyTests(gold), ...unsteadyTests(empty)])].sort();
  const failure = known ?? [...gold, ...empty].find((report) => report.verdict === 'infra-error')?.failure;
  const { timeoutSeconds } = task.grading;
  const base = { instanceId, gold, empty, timeoutSeconds, flakyTests, ...(failure === undefined ? {} : { failure }) };
  const infra = [...gold, ...empty].some((report) => report.verdict === 'infra-error');
  if (known !== undefined || infra) return { ...base, status: 'failed' };
  if (gold.length < times || empty.length < times) return { ...base, status: 'incomplete' };
  const verdicts = (reports: GradeReport[]) => new Set(reports.map((report) => report.verdict)).size;
  if (verdicts(gold) > 1 || verdicts(empty) > 1 || flakyTests.length > 0) return { ...base, status: 'flaky' };
  if (!gold.every((report) => report.resolved)) return { ...base, status: 'gold-unresolved' };
  if (empty.some((report) => report.resolved)) return { ...base, status: 'empty-resolved' };
  return { ...base, status: 'valid' };
}

/** Tests that succeed in one round and not in another. */
function unsteadyTests(reports: readonly GradeReport[]): string[] {
  const passed = new Map<string, number>();
  for (const { failToPass, passToPass } of reports) {
    for (const test of new Set([...failToPass.success, ...passToPass.success]))
      passed.set(test, (passed.get(test) ?? 0) + 1);
  }
  return [...passed].filter(([, count]) => count < reports.length).map(([test]) => test);
}
