/** Output of all processes of one key that the server holds: above a limit they wait for the client, whichever sandbox they run in. */
export class HeldBytes {
  private readonly limit: number;
  private bytes = 0;
  private readonly waiting = new Set<() => void>();

  constructor(limit: number) {
    this.limit = limit;
  }

  get isFull(): boolean {
    return this.bytes >= this.limit;
  }

  add(count: number): void {
    this.bytes += count;
  }

  /** Those who wait go on when there is room again. */
  drop(count: number): void {
    this.bytes -= count;
    if (this.isFull) return;
    const resumed = [...this.waiting];
    this.waiting.clear();
    for (const resume of resumed) resume();
  }

  /** `resume` is called once, when there is room. */
  wait(resume: () => void): void {
    this.waiting.add(resume);
  }
}
