/** A finished run and the prices of its tasks as what economics starts from. Pure. */
import { digestOf } from '../base/digest.ts';
import type { AttemptRecord, RunRecord, TaskInstance } from '../contracts/index.ts';
import type { AttemptOutcome, TaskOutcome } from './economics/priced-outcome.ts';

export interface RunOutcomes {
  tasks: TaskOutcome[];
  /** Tasks of the run that have no price; they are in no figure. */
  unpriced: string[];
  /** Tasks that are no longer what the run was graded on; their figures stand, with today's prices. */
  changed: string[];
  /** Attempts that are not finished yet; they are in no figure. */
  unfinished: number;
  /** Attempts that were not made, as an earlier one was sure enough; they are in no figure. */
  skipped: number;
  /** Digest of ids, kinds, groups and prices: dollars of runs with another one are of another denominator. */
  setVersion: string;
}

/** `instances`: the tasks of the run's data set. */
export function runOutcomes(record: RunRecord, instances: readonly TaskInstance[]): RunOutcomes {
  const known = new Map(instances.map((one) => [one.instanceId, one]));
  const ids = record.manifest.dataset.instances.map((one) => one.instanceId);
  const ended = record.attempts.filter((one) => one.state === 'finished' || one.state === 'failed');
  const skipped = record.attempts.filter((one) => one.state === 'skipped').length;
  const tasks = ids.flatMap((id) => {
    const attempts = ended.filter((one) => one.instanceId === id).map(attemptOutcome);
    const instance = known.get(id);
    return instance?.task.price === undefined ? [] : [taskOutcome(instance, instance.task.price.amount, attempts)];
  });
  const priced = new Set(tasks.map((task) => task.id));
  return {
    tasks,
    changed: record.manifest.dataset.instances
      .filter(({ instanceId, digest }) => known.get(instanceId)?.digest !== digest)
      .map((one) => one.instanceId),
    unpriced: ids.filter((id) => !priced.has(id)),
    unfinished: record.attempts.length - ended.length - skipped,
    skipped,
    setVersion: digestOf(tasks.map(({ id, kind, group, price }) => [id, kind, group, price])).slice(7, 19),
  };
}

function taskOutcome({ instanceId, task }: TaskInstance, price: number, attempts: AttemptOutcome[]): TaskOutcome {
  const kind = task.choice === undefined ? 'ic' : 'manager';
  return { id: instanceId, kind, group: task.group ?? instanceId, price, categories: task.tags, attempts };
}

function attemptOutcome({ report, state, totals }: AttemptRecord): AttemptOutcome {
  const costUsd = totals === null || totals.unknownCosts > 0 ? null : totals.usd;
  if (report === null || state === 'failed' || report.verdict === 'infra-error') {
    return { passed: null, passedAtOnce: null, costUsd };
  }
  return { passed: report.resolved, passedAtOnce: report.resolved && (report.passedOnTry ?? 1) === 1, costUsd };
}
