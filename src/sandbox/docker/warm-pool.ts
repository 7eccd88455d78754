/**
 * Started things kept ready where starting takes long: once a kind was asked for twice, one more of it is started ahead each time. What nobody takes is let go after a while.
 */
export interface WarmPoolOptions<T> {
  /** Lets go of one that nobody will take. Must not throw. */
  discard(ready: T): Promise<void>;
  /** Resolves when it has ended by itself. */
  ended(ready: T): Promise<unknown>;
  /** How long one waits to be taken. Default one minute. */
  idleMs?: number;
  /** Most that wait at a time, of all kinds. Default 4. */
  most?: number;
}

interface Spare<T> {
  kind: string;
  ready: T;
  timer: NodeJS.Timeout;
}

export class WarmPool<T> {
  private readonly options: WarmPoolOptions<T>;
  private readonly asked = new Map<string, number>();
  private readonly spares = new Set<Spare<T>>();
  private readonly starting = new Set<Promise<void>>();
  private closed = false;

  constructor(options: WarmPoolOptions<T>) {
    this.options = options;
  }

  /** One that waits, else a new one. `ahead` starts those that wait. */
  async take(kind: string, start: () => Promise<T>, ahead: () => Promise<T>): Promise<T> {
    this.asked.set(kind, (this.asked.get(kind) ?? 0) + 1);
    const spare = [...this.spares].find((one) => one.kind === kind);
    const taken = spare === undefined ? await start() : this.remove(spare);
    if ((this.asked.get(kind) ?? 0) > 1) this.refill(kind, ahead);
    return taken;
  }

  /** Lets go of all that wait. Idempotent. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.starting);
    await Promise.all([...this.spares].map((spare) => this.options.discard(this.remove(spare))));
  }

  private refill(kind: string, ahead: () => Promise<T>): void {
    const { most = 4 } = this.options;
    const waits = [...this.spares].some((one) => one.kind === kind);
    if (this.closed || waits || this.spares.size + this.starting.size >= most) return;
    // Who asks next learns why it cannot be started.
    const started: Promise<void> = ahead()
      .then(
        (ready) => this.keep(kind, ready),
        () => {},
      )
      .finally(() => this.starting.delete(started));
    this.starting.add(started);
  }

  private keep(kind: string, ready: T): void {
    const { idleMs = 60_000, discard, ended } = this.options;
    const timer = setTimeout(() => {
      this.asked.delete(kind); // nobody is in a hurry any more
      if (this.spares.has(spare)) void discard(this.remove(spare));
    }, idleMs);
    timer.unref();
    const spare = { kind, ready, timer };
    this.spares.add(spare);
    void ended(ready).then(() => {
      if (this.spares.has(spare)) void discard(this.remove(spare));
    });
  }

  private remove(spare: Spare<T>): T {
    clearTimeout(spare.timer);
    this.spares.delete(spare);
    return spare.ready;
  }
}
