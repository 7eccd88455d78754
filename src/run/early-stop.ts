/** Makes no further attempts at an instance of which the critic is sure. */
import {
  type AttemptRecord,
  type AttemptRef,
  type Critic,
  type CriticScore,
  type OpenRun,
  toFailure,
} from '../contracts/index.ts';
import { loadTrajectory } from '../store/load-trajectory.ts';
import type { Emitter } from './run-context.ts';
import type { WorkQueue } from './work-queue.ts';

export interface EarlyStopOptions {
  run: OpenRun;
  critic: Critic;
  /** At least this is sure. */
  score: number;
  emitter: Emitter;
  /** Aborted when the run pauses: who was not asked by then is asked by the resume. */
  signal: AbortSignal;
}

export class EarlyStop {
  private readonly options: EarlyStopOptions;

  constructor(options: EarlyStopOptions) {
    this.options = options;
  }

  /**
   * Before anything is begun: a run that was stopped may have ended attempts that nobody was asked about, or whose answer came to nothing more. Returns how many attempts are not
   * made. `ended`: all that the run has behind it.
   */
  async catchUp(ended: readonly AttemptRecord[], queue: WorkQueue): Promise<number> {
    let dropped = 0;
    const finished = ended.filter(({ state }) => state === 'finished');
    for (const one of finished) {
      if (queue.holds(one.instanceId) && (await this.isSureOf(one)))
        dropped += await this.skipRest(one.instanceId, queue);
    }
    return dropped;
  }

  /** Asks the critic about an attempt that has ended, once, and makes its answer durable. Without an answer nothing is sure. */
  async isSure(ref: AttemptRef): Promise<boolean> {
    const { record } = await this.options.run.history(ref);
    return record !== null && (await this.isSureOf(record));
  }

  private async isSureOf(record: AttemptRecord): Promise<boolean> {
    const { run, critic, score: sure, emitter, signal } = this.options;
    const ref = { instanceId: record.instanceId, attempt: record.attempt };
    if (record.patchDigest === null || record.patchBytes === 0) return false;
    if (record.score?.critic === critic.name) return record.score.value >= sure;
    if (signal.aborted) return false;
    let given: CriticScore;
    try {
      given = await critic.score(await loadTrajectory(run, record), { signal });
    } catch (error) {
      if (signal.aborted) return false;
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
