/**
 * Tells which owners are still there, from nothing but texts that change: an owner is silent when its text has stayed the same for as long as a lease lasts, by the clock of whoever looks. No clocks of
 * two hosts are compared. Time in which the looker itself saw nothing (it was stopped, or the store gave no answer) hardly counts: the owners may not have been able to write either.
 */
interface Seen {
  version: string;
  silentMs: number;
}

export class OwnerWatch {
  private readonly leaseMs: number;
  private readonly now: () => number;
  private readonly seen = new Map<string, Seen>();
  private lookedAt: number | null = null;

  /** `now`: milliseconds that only grow. */
  constructor(leaseMs: number, now: () => number = () => performance.now()) {
    this.leaseMs = leaseMs;
    this.now = now;
  }

  /** To be called with the versions of all owners' texts, several times within a lease. */
  look(versions: ReadonlyMap<string, string>): void {
    const now = this.now();
    const sinceLast = Math.min(now - (this.lookedAt ?? now), this.leaseMs / 3);
    this.lookedAt = now;
    for (const [owner, version] of versions) {
      const before = this.seen.get(owner);
      if (before?.version === version) before.silentMs += sinceLast;
      else this.seen.set(owner, { version, silentMs: 0 });
    }
    for (const owner of this.seen.keys()) if (!versions.has(owner)) this.seen.delete(owner);
  }

  /** True for one that has said nothing for the time of a lease, and for one that is not there at all. */
  isSilent(owner: string): boolean {
    const seen = this.seen.get(owner);
    return seen === undefined || seen.silentMs >= this.leaseMs;
  }
}
