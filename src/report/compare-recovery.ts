/** A run with recovery beside one without, at the same instances. */
import { canonicalJson } from '../base/digest.ts';
import type { AttemptRecord, RunManifest, RunRecord } from '../contracts/index.ts';
import type { Interval } from '../stats/intervals.ts';
import { differenceWithin, hasRecovery, recoveryShare, resolvedShare } from './recovery-report.ts';
import { isInfraFailure, pointsOf } from './run-report.ts';

export interface ComparedRecovery {
  /** Run ids. */
  on: string;
  off: string;
  /** With judged attempts in both. */
  instances: number;
  /** Mean over these instances of the resolved share with recovery minus that without, 95 %. */
  difference: Interval;
  /** What else differs between the runs: then the difference may come from that. */
  alsoDiffers: string[];
}

/** Null unless one run had recovery in all its attempts and the other in none. */
export function compareRecovery(a: RunRecord, b: RunRecord): ComparedRecovery | null {
  const [on, off] = hasRecovery(a.manifest) ? [a, b] : [b, a];
  if (!hasRecovery(on.manifest) || hasRecovery(off.manifest) || recoveryShare(on.manifest) !== null) return null;
  const [left, right] = [judgedByInstance(on), judgedByInstance(off)];
  const shared = [...left].flatMap(([instanceId, own]) => {
    const other = right.get(instanceId);
    if (other === undefined) return [];
    return [{ repo: own[0]?.repo ?? '', on: resolvedShare(own), off: resolvedShare(other) }];
  });
  return {
    on: on.manifest.runId,
    off: off.manifest.runId,
    instances: shared.length,
    difference: differenceWithin(shared),
    alsoDiffers: differences(on.manifest, off.manifest),
  };
}

export function comparedRecoveryText({ on, off, instances, difference, alsoDiffers }: ComparedRecovery): string {
  if (instances === 0) return `recovery in ${on}, none in ${off}: no judged instance in both`;
  const also =
    alsoDiffers.length === 0
      ? 'nothing else in their locks differs; chance of sampling aside, that is its effect'
      : `${alsoDiffers.join(', ')} differ too, so this is no effect of recovery alone`;
  return `recovery in ${on}, none in ${off}: ${pointsOf(difference)} over ${instances} instances; ${also}`;
}

function judgedByInstance({ attempts }: RunRecord): Map<string, AttemptRecord[]> {
  const groups = new Map<string, AttemptRecord[]>();
  for (const one of attempts) {
    if (one.state !== 'finished' || isInfraFailure(one)) continue;
    groups.set(one.instanceId, [...(groups.get(one.instanceId) ?? []), one]);
  }
  return groups;
}

/** Of what the runs were told. The digest of the agent differs by recovery itself. */
function differences(a: RunManifest, b: RunManifest): string[] {
  const facts = ({ model, agent, limits, sandboxLimits, dataset, assayVersion }: RunManifest) => {
    const { recover: _on, recoverFall: _by, recoverShare: _share, ...parameters } = model.parameters;
    return {
      model: model.id,
      parameters,
      agent: agent.name,
      prompt: agent.promptFile,
      limits,
      sandboxes: sandboxLimits,
      tasks: dataset.digest,
      version: assayVersion,
    };
  };
  const [left, right] = [facts(a), facts(b)];
  return (Object.keys(left) as (keyof typeof left)[]).filter(
    (key) => canonicalJson({ value: left[key] }) !== canonicalJson({ value: right[key] }),
  );
}
