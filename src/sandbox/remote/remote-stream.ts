/** One output stream of a remote process: takes the frames as they come, says how much of it the reader has. */
import { Readable } from 'node:stream';

export class RemoteStream extends Readable {
  /** Bytes that came, in all: where the server goes on after a cut. */
  received = 0;
  private taken = 0;
  /** Its end came. */
  over = false;
  private wanted = false;
  private readonly waiting: Buffer[] = [];
  private readonly onTaken: () => void;

  /** `onTaken`: called when the reader has taken more. */
  constructor(onTaken: () => void) {
    super();
    this.onTaken = onTaken;
  }

  /** Bytes that the server need not keep any more. */
  get settled(): number {
    return this.destroyed ? this.received : this.taken;
  }

  /** True when no more is expected of it: its end came, or nobody wants the rest. */
  get done(): boolean {
    return this.over || this.destroyed;
  }

  /** The next bytes. */
  arrive(bytes: Buffer): void {
    this.received += bytes.length;
    if (this.destroyed) {
      this.onTaken();
      return;
    }
    this.waiting.push(bytes);
    this.deliver();
  }

  /** No more bytes will come. */
  finish(): void {
    if (this.over) return;
    this.over = true;
    this.deliver();
  }

  override _read(): void {
    this.wanted = true;
    this.deliver();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.waiting.length = 0;
    callback(error);
    this.onTaken();
  }

  private deliver(): void {
    let passed = false;
    while (this.wanted && this.waiting.length > 0) {
      const bytes = this.waiting.shift() ?? Buffer.alloc(0);
      this.taken += bytes.length;
      this.wanted = this.push(bytes);
      passed = true;
    }
    if (passed) this.onTaken();
    if (this.over && this.waiting.length === 0 && !this.readableEnded && !this.destroyed) this.push(null);
  }
}
