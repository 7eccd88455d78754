/** Proves a dataset: gold patches must resolve, unchanged repositories must not, several times over. Uses the grading path of runs. */
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { type Dataset, type Failure, type SandboxLimits, toFailure, type Verdict } from '../contracts/index.ts';
import { NO_CHANGE_PATCH } from '../grading/no-change-patch.ts';
import { instanceFolder } from '../store/run-folder.ts';
import { sandboxLimitsFor } from './attempt-sandbox.ts';
import { EnvironmentPool, type EnvironmentResult } from './environment-pool.ts';
import { gradeWithRetries } from './grade-with-retries.ts';
import type { GradePorts, GradeResult } from './ports.ts';
import { defaultRetryPolicy, type NewEvent, type RetryPolicy, stopIfHopeless } from './run-context.ts';
import { RunControl, RunStop } from './run-control.ts';
import { summarise, type ValidationGrade, type ValidationReport, type ValidationStep } from './validation-report.ts';
import { WorkQueue } from './work-queue.ts';

/** `environment-*` events; when a grading begins, when it is begun again and why, and its verdict. */
export type ValidationEvent =
  | NewEvent
  | ({ type: 'validation-start' } & ValidationStep)
  | ({ type: 'validation-again'; reason: string } & ValidationStep)
  | ({ type: 'validation-grade' } & ValidationGrade);

export interface ValidateOptions {
  dataset: Dataset;
  ports: GradePorts;
  /** How often each patch is graded. Default 1. */
  times?: number;
  jobs: number;
  buildJobs?: number;
  sandboxLimits: SandboxLimits;
  /** Where `validation.json` and the outputs (`<instance>/<gold|empty>-<n>.{sh,txt}`) go; nowhere when not given. */
  dir?: string;
  control?: RunControl;
  policy?: RetryPolicy;
  observe?: (event: ValidationEvent) => void;
}

/**
 * Grades gold and no change `times` times for each instance. Failures are data in the report. When it was stopped, `complete` is false; as there is nothing to resume, a
 * pause stops the gradings under way as well, without a verdict. Throws only when `dir` cannot be written.
 */
export async function validate(options: ValidateOptions): Promise<ValidationReport> {
  const { dataset, ports, times = 1, observe = () => {} } = options;
  const stop = new RunStop(options.control ?? new RunControl());
  stop.control.onPause(() => stop.control.abort());
  const policy = options.policy ?? defaultRetryPolicy;
  const instances = new Map(dataset.instances.map((one) => [one.instanceId, one]));
  const environments = new EnvironmentPool({
    builder: ports.environments,
    instances: dataset.instances,
    jobs: options.buildJobs ?? Math.min(options.jobs, 4),
    policy,
    control: stop.control,
    emit: async (event) => observe(event),
    show: observe,
  });
  const rounds = Array.from({ length: times }, (_, index) => index + 1);
  const work = rounds.flatMap((attempt) =>
    dataset.instances.map(({ instanceId }) => ({ instanceId, attempt, stage: 'grade' as const })),
  );
  const queue = new WorkQueue(work, environments, stop.control);
  const grades: ValidationGrade[] = [];
  const failures = new Map<string, Failure>();

  const gradeRound = async (instanceId: string, round: number, result: EnvironmentResult) => {
    const instance = instances.get(instanceId);
    if (instance === undefined || failures.has(instanceId)) return;
    if (result.failure !== undefined) {
      if (!(await stopIfHopeless(result.failure, stop, ports))) failures.set(instanceId, result.failure);
      return;
    }
    const { environment } = result;
    const limits = sandboxLimitsFor(options.sandboxLimits, instance);
    for (const kind of ['gold', 'empty'] as const) {
      if (stop.control.pausing) return;
      const step = { instanceId, patch: kind, round };
      observe({ type: 'validation-start', ...step });
      const again = async (reason: string) => observe({ type: 'validation-again', ...step, reason });
      let patch = NO_CHANGE_PATCH;
      try {
        if (kind === 'gold') patch = await ports.environments.gold(instance, stop.control.signal);
      } catch (error) {
        const failure = toFailure(error);
        if (!stop.control.pausing && !(await stopIfHopeless(failure, stop, ports))) failures.set(instanceId, failure);
        return;
      }
      const gradeOptions = {
        ...{ ports, stop, policy },
        onRetry: (failure: Failure) => again(`${failure.code}: ${failure.message}`),
        onTry: (number: number, verdict: Verdict) => again(`${verdict}; try ${number} of its tests`),
      };
      const graded = await gradeWithRetries({ instance, environment, patch, limits }, gradeOptions);
      if (graded === null) return;
      if (options.dir !== undefined) await keep(options.dir, instanceId, `${kind}-${round}`, graded);
      const grade = { ...step, report: graded.report };
      grades.push(grade);
      observe({ type: 'validation-grade', ...grade });
    }
  };
  const worker = async () => {
    for (let next = await queue.next(); next !== null; next = await queue.next()) {
      await gradeRound(next.item.instanceId, next.item.attempt, next.result);
    }
  };

  try {
    environments.start();
    await Promise.all(Array.from({ length: Math.max(1, Math.min(options.jobs, work.length)) }, worker));
    await environments.finished();
  } finally {
    stop.control.pause(); // a worker that threw leaves the others and the builds behind
    stop.dispose();
  }
  const report = summarise(dataset, times, grades, failures, stop.failure);
  if (options.dir !== undefined) {
    await writeFileAtomic(join(options.dir, 'validation.json'), `${JSON.stringify(report, null, 2)}\n`);
  }
  return report;
}

async function keep(dir: string, instanceId: string, name: string, result: GradeResult): Promise<void> {
  const folder = join(dir, instanceFolder(instanceId));
  await writeFileAtomic(join(folder, `${name}.txt`), result.testOutput);
  await writeFileAtomic(join(folder, `${name}.sh`), result.evalScript);
  for (const { name: file, data } of result.artifacts ?? []) await writeFileAtomic(join(folder, name, file), data);
}
