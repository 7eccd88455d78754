/** stdout or stderr of a process behind an agent: what the reader has taken is granted again, so that a stalled reader stops the process. */
import { Readable } from 'node:stream';

export interface AgentOutputOptions {
  /** Bytes that were taken and may be sent anew. */
  grant(bytes: number): void;
  /** Nobody reads any more. */
  drop(): void;
}

export class AgentOutput extends Readable {
  private readonly options: AgentOutputOptions;
  private readonly waiting: Buffer[] = [];
  private wanted = false;
  private over = false;

  constructor(options: AgentOutputOptions) {
    super({ highWaterMark: 64 * 1024 });
    this.options = options;
  }

  /** Bytes from the agent. */
  receive(bytes: Buffer): void {
    if (this.destroyed) return;
    this.waiting.push(bytes);
    if (this.wanted) this.hand();
  }

  /** No more will come. */
  finish(): void {
    if (this.over) return;
    this.over = true;
    if (this.wanted) this.hand();
  }

  override _read(): void {
    this.wanted = true;
    this.hand();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.over) this.options.drop();
    this.over = true;
    this.waiting.length = 0;
    done(error);
  }

  private hand(): void {
    for (let bytes = this.waiting.shift(); bytes !== undefined; bytes = this.waiting.shift()) {
      this.options.grant(bytes.length);
      this.wanted = this.push(bytes);
      if (!this.wanted) return;
    }
    if (this.over) this.push(null);
  }
}
