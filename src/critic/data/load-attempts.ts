/** Graded attempts of stored runs as training and evaluation data. */

import type { Trajectory } from '../../contracts/index.ts';
import { fileRunStore } from '../../store/file-run-store.ts';
import { readTrajectory } from '../../store/read-trajectory.ts';

export interface GradedAttempt {
  trajectory: Trajectory;
  resolved: boolean;
  /** Agent and model, as the run names them. */
  agent: string;
  /** False when its source kept no patch: then an empty one means nothing. */
  patchKnown: boolean;
  /** True when the trajectory itself tells what the hidden tests said: never train or measure on it. */
  leaks: boolean;
}

export interface LoadedAttempts {
  attempts: GradedAttempt[];
  /** Attempts without a verdict about the patch. */
  ungraded: number;
}

/** Throws `run-not-found`, `store-invalid`, `io`. */
export async function loadAttempts(runs: readonly { runsDir: string; runId: string }[]): Promise<LoadedAttempts> {
  const loaded: LoadedAttempts = { attempts: [], ungraded: 0 };
  for (const { runsDir, runId } of runs) {
    const store = fileRunStore(runsDir);
    const { manifest, attempts } = await store.load(runId);
    for (const record of attempts) {
      if (record.report === null || record.report.verdict === 'infra-error') {
        loaded.ungraded++;
        continue;
      }
      const { trajectory, notes } = await readTrajectory(store, runId, record);
      loaded.attempts.push({
        trajectory,
        resolved: record.report.resolved,
        agent: `${manifest.agent.name}/${manifest.model.id}`,
        patchKnown: !notes.some((note) => note.includes('holds no patch')),
        leaks: notes.some((note) => note.startsWith('the trajectory leaks its verdict')),
      });
    }
  }
  return loaded;
}
