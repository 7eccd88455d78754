/** How fast pods are asked for: an even pace below a given rate, half of it after each "too many requests", and slowly back. */
import { setTimeout as sleep } from 'node:timers/promises';

const SLOWEST_PER_SECOND = 0.5;
/** Of the full rate, won back by each start that went well. */
const RECOVERY = 0.02;

export class StartRate {
  private readonly full: number;
  private rate: number;
  private nextAt = 0;

  constructor(perSecond: number) {
    this.full = perSecond;
    this.rate = perSecond;
  }

  get perSecond(): number {
    return this.rate;
  }

  /** Resolves when the next pod may be asked for, in order of the calls. */
  async turn(now = Date.now()): Promise<void> {
    const at = Math.max(now, this.nextAt);
    this.nextAt = at + 1000 / this.rate;
    if (at > now) await sleep(at - now);
  }

  /** The server asks for patience. */
  throttled(waitMs: number, now = Date.now()): void {
    this.rate = Math.max(SLOWEST_PER_SECOND, this.rate / 2);
    this.nextAt = Math.max(this.nextAt, now + waitMs);
  }

  wentWell(): void {
    this.rate = Math.min(this.full, this.rate + RECOVERY * this.full);
  }
}
