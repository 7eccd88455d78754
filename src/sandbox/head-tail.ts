/**
 * Keeps the first and the last bytes of a stream in bounded memory and counts the rest. The text form never splits a UTF-8
 * code point: a cut code point counts as cut bytes.
 */
export class HeadTail {
  private readonly head: Buffer[] = [];
  private headSize = 0;
  private tail: Buffer[] = [];
  private tailSize = 0;
  private seen = 0;
  private readonly headLimit: number;
  private readonly tailLimit: number;

  /** Keeps everything up to `limit` bytes; beyond that half of it from the start and half from the end. */
  constructor(limit: number) {
    this.headLimit = Math.ceil(limit / 2);
    this.tailLimit = Math.floor(limit / 2);
  }

  /** Bytes pushed so far. */
  get bytes(): number {
    return this.seen;
  }

  /** True once something had to be dropped. */
  get overflowed(): boolean {
    return this.seen > this.headLimit + this.tailLimit;
  }

  push(chunk: Buffer): void {
    this.seen += chunk.length;
    const room = this.headLimit - this.headSize;
    if (room > 0) {
      const part = chunk.subarray(0, room);
      this.head.push(Buffer.from(part));
      this.headSize += part.length;
    }
    const rest = chunk.subarray(Math.max(0, room));
    if (rest.length === 0) return;
    this.tail.push(Buffer.from(rest.subarray(Math.max(0, rest.length - this.tailLimit))));
    this.tailSize += Math.min(rest.length, this.tailLimit);
    if (this.tailSize > 4 * this.tailLimit + 65_536) this.compactTail();
  }

  /** The kept bytes: all of them, or head and tail with the middle missing. */
  parts(): { head: Buffer; tail: Buffer } {
    this.compactTail();
    return { head: Buffer.concat(this.head), tail: Buffer.concat(this.tail) };
  }

  /** The kept text; `notice` gives the line that stands for the bytes that are missing. */
  text(notice: (cutBytes: number) => string): { text: string; cutBytes: number } {
    const { head, tail } = this.parts();
    if (!this.overflowed) return { text: decode(Buffer.concat([head, tail])), cutBytes: 0 };
    const keptHead = head.subarray(0, completeLength(head));
    const keptTail = tail.subarray(continuationLength(tail));
    const cutBytes = this.seen - keptHead.length - keptTail.length;
    return { text: `${decode(keptHead)}\n${notice(cutBytes)}\n${decode(keptTail)}`, cutBytes };
  }

  private compactTail(): void {
    const all = Buffer.concat(this.tail);
    const kept = all.subarray(Math.max(0, all.length - this.tailLimit));
    this.tail = [Buffer.from(kept)];
    this.tailSize = kept.length;
  }
}

function decode(bytes: Buffer): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** Number of leading UTF-8 continuation bytes (at most 3): the rest of a code point whose start was cut off. */
function continuationLength(bytes: Buffer): number {
  let count = 0;
  while (count < 3 && count < bytes.length && ((bytes[count] ?? 0) & 0xc0) === 0x80) count++;
  return count;
}

/** Length without an incomplete code point at the end. */
function completeLength(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
