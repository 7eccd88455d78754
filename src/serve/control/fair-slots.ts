/**
 * Places for sandboxes, shared fairly: when all are taken, tenants wait in turn, each tenant's own requests in the order they came. A tenant that asks for a thousand
 * does not hold up one that asks for its first.
 */
export interface SlotRequest {
  tenant: string;
  /** Places the tenant may have at the same time. */
  tenantLimit: number;
  waitMs: number;
  /** Aborts when nobody waits any more. */
  gone?: AbortSignal;
}

/** Gives the place back. Idempotent. */
export type ReleaseSlot = () => void;

interface Waiter {
  tenantLimit: number;
  grant(release: ReleaseSlot): void;
}

export class FairSlots {
  private capacity = 0;
  private readonly held = new Map<string, number>();
  /** In the order in which tenants are served next. */
  private readonly queues = new Map<string, Waiter[]>();
  private taken = 0;

  /** Places of all tenants together, 0 at first. Those that are taken above it stay taken until they are given back. */
  setCapacity(capacity: number): void {
    this.capacity = capacity;
    this.serve();
  }

  /** Places taken, places free, and requests that wait. */
  get state(): { taken: number; free: number; waiting: number } {
    return {
      taken: this.taken,
      free: Math.max(0, this.capacity - this.taken),
      waiting: [...this.queues.values()].reduce((sum, queue) => sum + queue.length, 0),
    };
  }

  /** Requests of a tenant that wait. */
  waitingOf(tenant: string): number {
    return this.queues.get(tenant)?.length ?? 0;
  }

  /** A place, at the latest after `waitMs`; null when there was none in that time, or nobody waits for it any more. */
  acquire({ tenant, tenantLimit, waitMs, gone }: SlotRequest): Promise<ReleaseSlot | null> {
    if (gone?.aborted === true) return Promise.resolve(null);
    return new Promise((resolve) => {
      const giveUp = () => {
        clearTimeout(timer);
        this.leave(tenant, waiter);
        resolve(null);
      };
      const queue = this.queues.get(tenant) ?? [];
      const waiter: Waiter = {
        tenantLimit,
        grant(release) {
          clearTimeout(timer);
          gone?.removeEventListener('abort', giveUp);
          resolve(release);
        },
      };
      const timer = setTimeout(giveUp, waitMs);
      gone?.addEventListener('abort', giveUp, { once: true });
      queue.push(waiter);
      this.queues.set(tenant, queue);
      this.serve();
    });
  }

  private serve(): void {
    while (this.taken < this.capacity) {
      const turn = [...this.queues].find(([tenant, [first]]) => first !== undefined && this.mayHold(tenant, first));
      if (turn === undefined) return;
      const [tenant, queue] = turn;
      const waiter = queue.shift();
      // Served tenants go to the end of the line.
      this.queues.delete(tenant);
      if (queue.length > 0) this.queues.set(tenant, queue);
      waiter?.grant(this.take(tenant));
    }
  }

  private mayHold(tenant: string, waiter: Waiter): boolean {
    return (this.held.get(tenant) ?? 0) < waiter.tenantLimit;
  }

  private take(tenant: string): ReleaseSlot {
    this.taken++;
    this.held.set(tenant, (this.held.get(tenant) ?? 0) + 1);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.taken--;
      const left = (this.held.get(tenant) ?? 1) - 1;
      if (left > 0) this.held.set(tenant, left);
      else this.held.delete(tenant);
      this.serve();
    };
  }

  private leave(tenant: string, waiter: Waiter): void {
    const queue = (this.queues.get(tenant) ?? []).filter((one) => one !== waiter);
    if (queue.length > 0) this.queues.set(tenant, queue);
    else this.queues.delete(tenant);
  }
}
