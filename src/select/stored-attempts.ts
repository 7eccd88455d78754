/** The attempts of one or more runs, by instance, with their patches and votes. */

import { mapLimited } from '../base/map-limited.ts';
import type { AttemptRecord, RunRecord } from '../contracts/index.ts';
import { loadPatch } from '../store/load-trajectory.ts';
import { patchVote } from './votes/patch-vote.ts';

export interface StoredAttempt {
  run: RunRecord;
  record: AttemptRecord;
  /** Position among the attempts at the instance, over all runs, from 1. */
  order: number;
  patch: string;
  vote: string | null;
}

export interface StoredInstance {
  instanceId: string;
  repo: string;
  attempts: StoredAttempt[];
  /** Attempts that came to no patch: not begun, not finished, or ended by the infrastructure. */
  withoutPatch: number;
}

const FILES_AT_A_TIME = 64;

/** In the order of the runs, within a run by attempt. An instance is there even when none of its attempts came to a patch. */
export async function storedInstances(runs: readonly RunRecord[]): Promise<StoredInstance[]> {
  const all = runs.flatMap((run) => run.attempts.map((record) => ({ run, record })));
  const patches = await mapLimited(all, FILES_AT_A_TIME, ({ run, record }) => patchOf(run, record));
  const instances = new Map<string, StoredInstance>();
  const votes = new Map<string, string | null>();
  all.forEach(({ run, record }, at) => {
    const { instanceId, repo } = record;
    const instance = instances.get(instanceId) ?? { instanceId, repo, attempts: [], withoutPatch: 0 };
    instances.set(instanceId, instance);
    const patch = patches[at] ?? null;
    if (patch === null) instance.withoutPatch++;
    else {
      const vote = votes.get(patch) ?? patchVote(patch);
      votes.set(patch, vote);
      instance.attempts.push({ run, record, order: instance.attempts.length + 1, patch, vote });
    }
  });
  return [...instances.values()];
}

/** Null when the attempt came to none. One with a verdict counts even where its patch could not be taken, or another tool did not keep it: as one without a vote. */
async function patchOf(run: RunRecord, record: AttemptRecord): Promise<string | null> {
  switch (record.state) {
    case 'finished':
      return (await loadPatch(run, record)) ?? '';
    case 'solved-ungraded':
    case 'failed':
      return await loadPatch(run, record);
    default:
      return null;
  }
}

/** True or false by the hidden tests; null when there is no verdict about the agent. */
export function verdictOf({ record }: StoredAttempt): boolean | null {
  if (record.state !== 'finished' || record.report === null) return null;
  return record.report.resolved;
}
