/** Reads exact amounts from a stream of chunks, without copying more than it must. */
export class ByteSource {
  /** Bytes handed out so far. */
  position = 0;
  private readonly chunks: AsyncIterator<Uint8Array>;
  private pending: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.chunks = source[Symbol.asyncIterator]();
  }

  /** `size` bytes; fewer at the end of the stream. */
  async read(size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let missing = size;
    while (missing > 0) {
      const part = await this.some(missing);
      if (part === undefined) break;
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  /** At least one byte and at most `max`; undefined at the end. */
  async some(max: number): Promise<Buffer | undefined> {
    while (this.pending.length === 0) {
      const next = await this.chunks.next();
      if (next.done === true) return undefined;
      const { buffer, byteOffset, byteLength } = next.value;
      this.pending = Buffer.from(buffer, byteOffset, byteLength);
    }
    const part = this.pending.subarray(0, max);
    this.pending = this.pending.subarray(part.length);
    this.position += part.length;
    return part;
  }
}
