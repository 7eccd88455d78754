/** Makes no further attempts at an instance of which the critic is sure. */
import { type AttemptRef, type Critic, type CriticScore, type OpenRun, toFailure } from '../contracts/index.ts';
import { loadTrajectory } from '../store/load-trajectory.ts';
import type { Emitter } from './run-context.ts';
import type { WorkQueue } from './work-queue.ts';

export interface EarlyStopOptions {
  run: OpenRun;
  critic: Critic;
  /** At least this is sure. */
  score: number;
  emitter: Emitter;
  signal: AbortSignal;
}

export class EarlyStop {
  private readonly options: EarlyStopOptions;

  constructor(options: EarlyStopOptions) {
    this.options = options;
  }

  /** Asks the critic about an attempt that has ended, and makes its answer durable. Without an answer nothing is sure. */
  async isSure({ instanceId, attempt }: AttemptRef): Promise<boolean> {
    const { run, critic, score: sure, emitter, signal } = this.options;
    const ref = { instanceId, attempt };
    const { record } = await run.history(ref);
    if (record === null || record.patchDigest === null || record.patchBytes === 0) return false;
    let given: CriticScore;
    try {
      given = await critic.score(await loadTrajectory(run, record), { signal });
    } catch (error) {
      const { code, message } = toFailure(error);
      await emitter.note(ref, 'warning', `No score of ${critic.name}: ${code}: ${message}`);
      return false;
    }
    const { final, cost } = given;
    await emitter.emit({ type: 'score-end', ...ref, critic: critic.name, score: final, cost });
    return final >= sure;
  }

  /** Returns how many attempts are not made. */
  async skipRest(instanceId: string, queue: WorkQueue): Promise<number> {
    const { critic, score, emitter } = this.options;
    const dropped = queue.drop(instanceId);
    const reason = `${critic.name} gives an earlier attempt at least ${score}`;
    for (const { attempt } of dropped) await emitter.emit({ type: 'attempt-skip', instanceId, attempt, reason });
    return dropped.length;
  }
}
