/** How much more than usual the pods of a task get: twice as much after each failure for want of memory or disk, and only after such. */
export class ResourceFactors {
  private readonly factors = new Map<string, number>();
  private readonly max: number;

  /** `max`: the largest factor; 1 keeps all as it is. */
  constructor(max: number) {
    this.max = max;
  }

  of(task: string): number {
    return this.factors.get(task) ?? 1;
  }

  /** A pod that had this factor failed for want of a resource. Several pods of one task that fail together count once. */
  raise(task: string, had: number): void {
    if (this.of(task) === had) this.factors.set(task, Math.min(2 * had, this.max));
  }
}
