/** What is left to do in a run, in the order in which it is begun. */
import type { AttemptRecord, AttemptRef, RunRecord } from '../contracts/index.ts';

export interface WorkItem extends AttemptRef {
  /** `solve`: the agent works, then grading. `grade`: the patch is there, only the verdict is missing. */
  stage: 'solve' | 'grade';
}

export interface PlanOptions {
  /** Milliseconds an attempt of the instance is expected to take; long ones begin first, so that none is left alone at the end. */
  durations?: ReadonlyMap<string, number>;
  /** Take up again what ended without a verdict. Default true. */
  retryFailed?: boolean;
}

/**
 * First what only needs grading, then what is partly done, then the rest: attempt 1 of all instances, then attempt 2, ...; within that by expected
 * duration (the mean where none is known), else in the order of the dataset. The same record gives the same plan.
 */
export function planWork(record: RunRecord, options: PlanOptions = {}): WorkItem[] {
  const { durations = new Map<string, number>(), retryFailed = true } = options;
  const known = [...durations.values()];
  const mean = known.length === 0 ? 0 : known.reduce((sum, one) => sum + one, 0) / known.length;
  const expected = (ref: AttemptRef) => durations.get(ref.instanceId) ?? mean;
  return record.attempts
    .flatMap((attempt) => {
      const stage = stageOf(attempt, retryFailed);
      return stage === null ? [] : [{ attempt, stage }];
    })
    .sort(
      (a, b) =>
        rank(a.attempt, a.stage) - rank(b.attempt, b.stage) ||
        a.attempt.attempt - b.attempt.attempt ||
        expected(b.attempt) - expected(a.attempt),
    )
    .map(({ attempt: { instanceId, attempt }, stage }) => ({ instanceId, attempt, stage }));
}

/** What is left to do for an attempt; null for nothing. */
export function stageOf(attempt: AttemptRecord, retryFailed: boolean): WorkItem['stage'] | null {
  switch (attempt.state) {
    case 'finished':
    case 'skipped':
      return null;
    case 'solved-ungraded':
      return 'grade';
    case 'failed':
      if (!retryFailed) return null;
      return attempt.report === null ? 'solve' : 'grade';
    default:
      return 'solve';
  }
}

function rank(attempt: AttemptRecord, stage: WorkItem['stage']): number {
  if (stage === 'grade') return 0;
  return attempt.state === 'running' ? 1 : 2;
}

/** Mean wall time of finished attempts per instance, from earlier runs: what `PlanOptions.durations` takes. */
export function knownDurations(records: readonly RunRecord[]): Map<string, number> {
  const seen = new Map<string, number[]>();
  for (const { attempts } of records) {
    for (const { instanceId, state, totals, report } of attempts) {
      if (state !== 'finished' || totals === null) continue;
      seen.set(instanceId, [...(seen.get(instanceId) ?? []), totals.wallMs + (report?.durationMs ?? 0)]);
    }
  }
  return new Map([...seen].map(([id, times]) => [id, times.reduce((sum, one) => sum + one, 0) / times.length]));
}
