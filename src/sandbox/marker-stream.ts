/**
 * Splits the byte stream of a shell into output and end marks. A mark is `\x1e<nonce>:<word>:<code>\x1e`, written by the session's
 * own lines; the nonce is random, so output cannot contain it by accident. Marks may be split over chunks.
 */
export interface Mark {
  /** Sequence number of the command, or `exit` when the shell itself ends. */
  word: string;
  code: number;
}

/** Longest possible text between the nonce and the closing byte. */
const MAX_MARK = 40;

export class MarkerStream {
  private pending: Buffer = Buffer.alloc(0);
  private readonly start: Buffer;
  private readonly onOutput: (bytes: Buffer) => void;
  private readonly onMark: (mark: Mark) => void;

  constructor(nonce: string, onOutput: (bytes: Buffer) => void, onMark: (mark: Mark) => void) {
    this.start = Buffer.from(`\x1e${nonce}:`);
    this.onOutput = onOutput;
    this.onMark = onMark;
  }

  push(chunk: Buffer): void {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    for (let at = this.pending.indexOf(this.start); at >= 0; at = this.pending.indexOf(this.start)) {
      this.emit(at);
      const end = this.pending.indexOf(0x1e, this.start.length);
      if (end < 0 && this.pending.length < this.start.length + MAX_MARK) return; // the rest of the mark is still to come
      const mark = end < 0 ? undefined : parseMark(this.pending.toString('latin1', this.start.length, end));
      if (mark === undefined) {
        this.emit(this.start.length);
        continue;
      }
      this.pending = this.pending.subarray(end + 1);
      this.onMark(mark);
    }
    this.emit(this.pending.length - this.partialStart());
  }

  /** Hands out what was held back because it looked like the start of a mark. */
  flush(): void {
    this.emit(this.pending.length);
  }

  private emit(length: number): void {
    if (length > 0) this.onOutput(this.pending.subarray(0, length));
    this.pending = this.pending.subarray(length);
  }

  /** Length of the longest end of `pending` that is a beginning of a mark. */
  private partialStart(): number {
    for (let length = Math.min(this.start.length - 1, this.pending.length); length > 0; length--) {
      if (this.pending.subarray(this.pending.length - length).equals(this.start.subarray(0, length))) return length;
    }
    return 0;
  }
}

function parseMark(text: string): Mark | undefined {
  const match = /^(\d+|exit):(\d{1,3})$/.exec(text);
  return match === null ? undefined : { word: match[1] ?? '', code: Number(match[2]) };
}
