/** stdin of a process behind an agent: at most `WINDOW` bytes are on the way; after the process has closed its end, writes are swallowed. */
import { Writable } from 'node:stream';
import { WINDOW } from './agent-protocol.ts';

const MAX_FRAME = 64 * 1024;

export interface AgentInputOptions {
  send(bytes: Buffer): void;
  sendEnd(): void;
}

export class AgentInput extends Writable {
  private readonly options: AgentInputOptions;
  private window = WINDOW;
  private gone = false;
  private rest: Buffer = Buffer.alloc(0);
  private written: (() => void) | null = null;

  constructor(options: AgentInputOptions) {
    super({ highWaterMark: WINDOW });
    this.options = options;
  }

  /** The process took bytes. */
  grant(bytes: number): void {
    this.window += bytes;
    this.pump();
  }

  /** The process closed its end, or is gone. */
  giveUp(): void {
    this.gone = true;
    this.pump();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.rest = chunk;
    this.written = done;
    this.pump();
  }

  override _final(done: () => void): void {
    if (!this.gone) this.options.sendEnd();
    done();
  }

  private pump(): void {
    if (this.gone) this.rest = this.rest.subarray(this.rest.length);
    while (this.rest.length > 0 && this.window > 0) {
      const part = this.rest.subarray(0, Math.min(this.window, MAX_FRAME));
      this.window -= part.length;
      this.rest = this.rest.subarray(part.length);
      this.options.send(part);
    }
    if (this.rest.length > 0) return;
    const written = this.written;
    this.written = null;
    written?.();
  }
}
