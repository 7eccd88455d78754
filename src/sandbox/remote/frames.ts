/**
 * The output of a process as a byte stream of frames: one byte of kind, four bytes of length (big-endian), the payload. Offsets are not in the frames: each
 * stream goes on at the offset that the client asked for, so a client that counts the bytes it has can always ask for the rest.
 */
export type FrameKind = 'alive' | 'stdout' | 'stderr' | 'stdout-end' | 'stderr-end' | 'exit';

const KINDS: readonly FrameKind[] = ['alive', 'stdout', 'stderr', 'stdout-end', 'stderr-end', 'exit'];
const HEADER_BYTES = 5;

/** No sender makes a larger frame; a larger one means that the stream is not one of frames. */
export const MAX_FRAME_BYTES = 256 * 1024;

export interface Frame {
  kind: FrameKind;
  payload: Buffer;
}

/** Throws `RangeError` for a payload above `MAX_FRAME_BYTES`. */
export function encodeFrame(kind: FrameKind, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  if (payload.length > MAX_FRAME_BYTES) throw new RangeError(`a frame of ${payload.length} bytes`);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  frame[0] = KINDS.indexOf(kind);
  frame.writeUInt32BE(payload.length, 1);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/** Cuts a byte stream into frames, wherever its chunks are cut. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0);

  /** The frames that are complete with this chunk. Frames of kinds unknown here are passed over. Throws `RangeError` for what is no frame. */
  push(chunk: Buffer): Frame[] {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const frames: Frame[] = [];
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const length = bytes.readUInt32BE(at + 1);
      if (length > MAX_FRAME_BYTES) throw new RangeError(`a frame of ${length} bytes`);
      if (bytes.length - at < HEADER_BYTES + length) break;
      const kind = KINDS[bytes[at] ?? KINDS.length];
      const payload = bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
      if (kind !== undefined) frames.push({ kind, payload });
      at += HEADER_BYTES + length;
    }
    this.rest = bytes.subarray(at);
    return frames;
  }
}
