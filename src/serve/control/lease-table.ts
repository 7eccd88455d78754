/** Leases: the life of a client. What was started under a lease ends with it, so that a client that died leaves nothing. */
import { EventEmitter } from 'node:events';
import type { SandboxEnd } from '../../contracts/index.ts';

export interface LeaseEnd {
  sandboxId: string;
  end: SandboxEnd;
}

export interface Lease {
  readonly name: string;
  /** By the clock of `performance.now()`: no jump of the time of day ends a lease. */
  expiresAt: number;
  /** Ends of its sandboxes so far, for a client that connects again. */
  readonly ends: LeaseEnd[];
  /** Emits `end` with a `LeaseEnd`, `over` when the lease is over. */
  readonly events: EventEmitter;
}

export class LeaseTable {
  private readonly leases = new Map<string, Lease>();
  private held = false;

  /** Makes the lease, or prolongs it. Leases of different owners never meet. */
  renew(owner: string, id: string, seconds: number): Lease {
    const name = `${owner}/${id}`;
    const expiresAt = performance.now() + seconds * 1000;
    const known = this.leases.get(name);
    if (known !== undefined) {
      known.expiresAt = expiresAt;
      return known;
    }
    const lease: Lease = { name, expiresAt, ends: [], events: new EventEmitter().setMaxListeners(0) };
    this.leases.set(name, lease);
    return lease;
  }

  /** Undefined for a lease that is over. */
  find(owner: string, id: string): Lease | undefined {
    return this.leases.get(`${owner}/${id}`);
  }

  /** A sandbox of the lease is gone. */
  tell(lease: Lease, end: LeaseEnd): void {
    lease.ends.push(end);
    lease.events.emit('end', end);
  }

  /** Ends the lease; its sandboxes are the caller's to destroy. */
  finish(lease: Lease): void {
    this.leases.delete(lease.name);
    lease.events.emit('over');
  }

  /** Leases whose client has not been heard of in time; none while clients cannot be heard. */
  expired(now: number): Lease[] {
    return this.held ? [] : [...this.leases.values()].filter(({ expiresAt }) => expiresAt <= now);
  }

  /** Clients cannot reach the server: no lease runs out until `release`. */
  hold(): void {
    this.held = true;
  }

  /** Clients can reach it again; each lease lasts at least `graceMs` from now on, so that they can prolong it. */
  release(graceMs: number): void {
    this.held = false;
    const soonest = performance.now() + graceMs;
    for (const lease of this.leases.values()) lease.expiresAt = Math.max(lease.expiresAt, soonest);
  }
}
