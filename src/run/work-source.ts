/** Where the workers of a run get their next attempt from. */
import type { EnvironmentResult } from './environment-pool.ts';
import type { WorkItem } from './plan-work.ts';

export interface WorkSource {
  /** Waits for work that can be begun. Null when nothing is left, or the run pauses. */
  next(): Promise<{ item: WorkItem; result: EnvironmentResult } | null>;
}
