/** Graded attempts of stored runs as training and evaluation data. */
import type { RunRecord, Trajectory } from '../../contracts/index.ts';
import { loadTrajectoryWithOrigin } from '../../store/load-trajectory.ts';

export interface GradedAttempt {
  trajectory: Trajectory;
  resolved: boolean;
  /** Agent and model, as the run names them. */
  agent: string;
  /** False when its source kept no patch: then an empty one means nothing. */
  patchKnown: boolean;
  /**
   * True when trajectories of its run tell what the hidden tests said: never train or measure on it. Of such a run also the others leak, as nothing was said to them
   * because their patch had passed.
   */
  leaks: boolean;
}

export interface LoadedAttempts {
  attempts: GradedAttempt[];
  /** Attempts without a verdict about the patch. */
  ungraded: number;
}

/** Attempts that leak their verdict are there, marked. Throws `store-invalid`, `io`. */
export async function loadAttempts(runs: readonly RunRecord[]): Promise<LoadedAttempts> {
  const loaded: LoadedAttempts = { attempts: [], ungraded: 0 };
  for (const run of runs) {
    const own: GradedAttempt[] = [];
    for (const record of run.attempts) {
      if (record.state !== 'finished' || record.report === null) {
        loaded.ungraded++;
        continue;
      }
      const { trajectory, origin } = await loadTrajectoryWithOrigin(run, record);
      own.push({
        trajectory,
        resolved: record.report.resolved,
        agent: `${run.manifest.agent.name}/${run.manifest.model.id}`,
        patchKnown: origin.patchKnown,
        leaks: origin.leak !== undefined,
      });
    }
    const leaks = own.some((one) => one.leaks);
    loaded.attempts.push(...own.map((one) => ({ ...one, leaks })));
  }
  return loaded;
}

/** What of the loaded attempts teaches and measures nothing, and why. */
export function leftOut({ ungraded, attempts }: LoadedAttempts): {
  ungraded: number;
  leaking: number;
  withoutPatch: number;
} {
  return {
    ungraded,
    leaking: attempts.filter(({ leaks }) => leaks).length,
    withoutPatch: attempts.filter(({ leaks, patchKnown }) => !leaks && !patchKnown).length,
  };
}

/** The same in words; nothing for nothing. */
export function leftOutWords(loaded: LoadedAttempts): string[] {
  const { ungraded, leaking, withoutPatch } = leftOut(loaded);
  return [
    ...(ungraded > 0 ? [`${ungraded} without a verdict`] : []),
    ...(leaking > 0 ? [`${leaking} of runs that tell what the hidden tests said`] : []),
    ...(withoutPatch > 0 ? [`${withoutPatch} whose source kept no patch`] : []),
  ];
}

/** Attempts that tell their verdict or whose patch is not known teach and measure nothing. */
export function usable({ leaks, patchKnown }: GradedAttempt): boolean {
  return !leaks && patchKnown;
}
