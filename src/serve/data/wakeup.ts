/** A bell for one waiter. What rings while nobody waits is not lost. */
export class Wakeup {
  private rung = false;
  private resolve: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.resolve?.();
  }

  /** Resolves at once when it rang since the last wait. */
  async wait(): Promise<void> {
    if (!this.rung)
      await new Promise<void>((resolve) => {
        this.resolve = resolve;
      });
    this.rung = false;
    this.resolve = undefined;
  }
}
