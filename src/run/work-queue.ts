/** Hands out work in order, passing over what still waits for its environment. */
import type { EnvironmentPool, EnvironmentResult } from './environment-pool.ts';
import type { WorkItem } from './plan-work.ts';
import type { RunControl } from './run-control.ts';
import type { WorkSource } from './work-source.ts';

export class WorkQueue implements WorkSource {
  private readonly pending: WorkItem[];
  private readonly environments: Pick<EnvironmentPool, 'result' | 'changed'>;
  private readonly control: RunControl;

  constructor(
    work: readonly WorkItem[],
    environments: Pick<EnvironmentPool, 'result' | 'changed'>,
    control: RunControl,
  ) {
    this.pending = [...work];
    this.environments = environments;
    this.control = control;
  }

  /** True while something is still to be solved at the instance. */
  holds(instanceId: string): boolean {
    return this.pending.some((item) => item.instanceId === instanceId && item.stage === 'solve');
  }

  /** Takes out what is still to be solved at an instance; a patch that waits for its verdict stays. */
  drop(instanceId: string): WorkItem[] {
    const dropped = this.pending.filter((item) => item.instanceId === instanceId && item.stage === 'solve');
    for (const item of dropped) this.pending.splice(this.pending.indexOf(item), 1);
    return dropped;
  }

  /** The first item whose environment is known; waits for one. Null when nothing is left or the run pauses. */
  async next(): Promise<{ item: WorkItem; result: EnvironmentResult } | null> {
    while (this.pending.length > 0 && !this.control.pausing) {
      for (const [index, item] of this.pending.entries()) {
        const result = this.environments.result(item.instanceId);
        if (result === undefined) continue;
        this.pending.splice(index, 1);
        return { item, result };
      }
      await this.environments.changed();
    }
    return null;
  }
}
