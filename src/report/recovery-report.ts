/** What recovery did in a run, and its effect where it was drawn at random who has it. */
import { isTreated } from '../base/random-assignment.ts';
import type { AttemptRecord, RunManifest } from '../contracts/index.ts';
import { instanceClusters } from '../select/instance-clusters.ts';
import { type Interval, newcombe, wilson } from '../stats/intervals.ts';

export interface RecoveryGroup {
  resolved: number;
  judged: number;
  /** 95 % Wilson interval. */
  rate: Interval;
}

export interface RecoveryReport {
  interventions: number;
  /** Attempts in which it stepped in. */
  attempts: number;
  /** Attempts with interventions and without. Not a comparison of like with like: those that need recovery are the harder ones. */
  with: RecoveryGroup;
  without: RecoveryGroup;
  /** Null where all attempts had recovery: then nothing here tells its effect. */
  effect: RecoveryEffect | null;
}

/** By lot: whether recovery stepped in or not, an attempt counts where it was drawn to. */
export interface RecoveryEffect {
  share: number;
  on: RecoveryGroup;
  off: RecoveryGroup;
  /** Rate with recovery on minus that with it off, 95 %. */
  difference: Interval;
  /** `within instances`: mean over instances that have both. `between attempts`: where too few have, all attempts as if they were independent. */
  basis: 'within instances' | 'between attempts';
  /** Instances or attempts. */
  units: number;
}

/** Fewer instances with both are no ground for an interval. */
const FEW_INSTANCES = 5;

/** `judged`: those of `attempts` with a verdict about the agent. Null when recovery was off. */
export function recoveryReport(
  manifest: RunManifest,
  attempts: readonly AttemptRecord[],
  judged: readonly AttemptRecord[],
): RecoveryReport | null {
  const stepped = attempts.filter((one) => interventionsOf(one) > 0);
  if (!hasRecovery(manifest) && stepped.length === 0) return null;
  return {
    interventions: stepped.reduce((sum, one) => sum + interventionsOf(one), 0),
    attempts: stepped.length,
    with: groupOf(judged.filter((one) => interventionsOf(one) > 0)),
    without: groupOf(judged.filter((one) => interventionsOf(one) === 0)),
    effect: effectOf(manifest, judged),
  };
}

/** Whether recovery was on in the run, for all attempts or some. */
export function hasRecovery({ model }: RunManifest): boolean {
  return model.parameters.recover === true;
}

/** Null for all attempts. */
export function recoveryShare({ model }: RunManifest): number | null {
  const { recoverShare } = model.parameters;
  return typeof recoverShare === 'number' && recoverShare < 1 ? recoverShare : null;
}

/** Difference of mean outcomes of an instance, over the instances that have both. */
export function differenceWithin(pairs: readonly { repo: string; on: number; off: number }[]): Interval {
  const clusters = instanceClusters(pairs.map(({ repo }) => repo));
  return clusters.mean(
    pairs.map(({ on, off }) => on - off),
    'plain',
  );
}

/** Share of the attempts that are resolved; NaN for none. */
export function resolvedShare(attempts: readonly AttemptRecord[]): number {
  return attempts.filter((one) => one.report?.resolved === true).length / attempts.length;
}

function effectOf(manifest: RunManifest, judged: readonly AttemptRecord[]): RecoveryEffect | null {
  const share = recoveryShare(manifest);
  if (share === null) return null;
  const { runId, attempts } = manifest;
  const isOn = (one: AttemptRecord) => isTreated({ runId, attempts, share }, one);
  const on = groupOf(judged.filter(isOn));
  const off = groupOf(judged.filter((one) => !isOn(one)));
  const both = [...new Set(judged.map((one) => one.instanceId))].flatMap((instanceId) => {
    const own = judged.filter((one) => one.instanceId === instanceId);
    const [treated, left] = [own.filter(isOn), own.filter((one) => !isOn(one))];
    const [first] = own;
    if (first === undefined || treated.length === 0 || left.length === 0) return [];
    return [{ repo: first.repo, on: resolvedShare(treated), off: resolvedShare(left) }];
  });
  return { share, on, off, ...differenceOf(on, off, both) };
}

function differenceOf(
  on: RecoveryGroup,
  off: RecoveryGroup,
  both: readonly { repo: string; on: number; off: number }[],
): Pick<RecoveryEffect, 'difference' | 'basis' | 'units'> {
  if (both.length >= FEW_INSTANCES) {
    return { difference: differenceWithin(both), basis: 'within instances', units: both.length };
  }
  const count = ({ resolved, judged }: RecoveryGroup) => ({ successes: resolved, total: judged });
  return { difference: newcombe(count(on), count(off)), basis: 'between attempts', units: on.judged + off.judged };
}

function groupOf(judged: readonly AttemptRecord[]): RecoveryGroup {
  const resolved = judged.filter((one) => one.report?.resolved === true).length;
  return { resolved, judged: judged.length, rate: wilson(resolved, judged.length) };
}

function interventionsOf({ totals }: AttemptRecord): number {
  return totals?.interventions ?? 0;
}
