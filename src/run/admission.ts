/** Lets work begin only while the machine has room for it: `-j` is the most at a time, not a promise. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface AdmissionOptions {
  /** Why nothing more should be started now; undefined when there is room. */
  shortage: () => Promise<string | undefined>;
  /** Told once when waiting begins. */
  onWait: (reason: string) => Promise<void>;
  /** True when the run stops: then nobody waits any longer. */
  stopped: () => boolean;
  intervalMs?: number;
}

export class Admission {
  private readonly options: AdmissionOptions;
  private active = 0;
  private waiting = false;
  private door: Promise<void> = Promise.resolve();

  constructor(options: AdmissionOptions) {
    this.options = options;
  }

  /** Runs `work` once there is room. What runs alone is never held up, so something always goes on. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.active--;
    }
  }

  /** One after the other: who enters changes what the next one finds. */
  private enter(): Promise<void> {
    const entered = this.door.then(() => this.room()).then(() => void this.active++);
    this.door = entered.catch(() => {}); // told to who asked
    return entered;
  }

  private async room(): Promise<void> {
    const { shortage, onWait, stopped, intervalMs = 1_000 } = this.options;
    for (;;) {
      const reason = this.active === 0 || stopped() ? undefined : await shortage();
      if (reason === undefined || this.active === 0) break;
      if (!this.waiting) {
        this.waiting = true;
        await onWait(reason);
      }
      await sleep(intervalMs);
    }
    this.waiting = false;
  }
}
