/** Bytes that were sent and not yet acknowledged, in order, by their place in the whole stream. */
export class KeptBytes {
  private readonly pieces: Buffer[] = [];
  /** Place of the first byte that is kept. */
  from = 0;
  size = 0;

  /** Place of the next byte that is added. */
  get end(): number {
    return this.from + this.size;
  }

  add(bytes: Buffer): void {
    this.pieces.push(bytes);
    this.size += bytes.length;
  }

  /** All bytes before this place have arrived. False when that place was never sent or lies before what is kept. */
  forgetUntil(place: number): boolean {
    if (place < this.from || place > this.end) return false;
    while (this.from < place) {
      const [first = Buffer.alloc(0)] = this.pieces;
      const gone = Math.min(first.length, place - this.from);
      if (gone === first.length) this.pieces.shift();
      else this.pieces[0] = first.subarray(gone);
      this.from += gone;
      this.size -= gone;
    }
    return true;
  }

  chunks(): readonly Buffer[] {
    return [...this.pieces];
  }
}
