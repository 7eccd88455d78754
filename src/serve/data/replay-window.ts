/** The bytes of one stream that were printed and are not yet acknowledged: what a client that lost its connection asks for again. */
export class ReplayWindow {
  private readonly limit: number;
  private chunks: Buffer[] = [];
  private first = 0;
  private next = 0;
  private over = false;

  /** `limit`: bytes held before `full`. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Offset of the oldest byte still held. */
  get start(): number {
    return this.first;
  }

  /** Offset of the next byte that will come. */
  get end(): number {
    return this.next;
  }

  get ended(): boolean {
    return this.over;
  }

  /** True while the source should wait. */
  get full(): boolean {
    return this.next - this.first >= this.limit;
  }

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.next += chunk.length;
  }

  /** No more bytes will come. */
  finish(): void {
    this.over = true;
  }

  /** Lets go of everything before `offset`. Offsets already let go of change nothing; one beyond the end counts as the end. */
  acknowledge(offset: number): void {
    while (this.first < Math.min(offset, this.next)) {
      const [chunk] = this.chunks;
      if (chunk === undefined) return;
      const part = Math.min(chunk.length, offset - this.first);
      if (part === chunk.length) this.chunks.shift();
      else this.chunks[0] = chunk.subarray(part);
      this.first += part;
    }
  }

  /** Up to `max` bytes from `offset` on; empty when there are none yet. `offset` must not lie before `start`. */
  read(offset: number, max: number): Buffer {
    let at = this.first;
    for (const chunk of this.chunks) {
      if (offset < at + chunk.length) return chunk.subarray(offset - at, offset - at + max);
      at += chunk.length;
    }
    return Buffer.alloc(0);
  }
}
