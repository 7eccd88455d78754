/** The frames between a client and the first process of a sandbox: `native/protocol.md`. u32 length, u8 type, u32 process number, payload. */

export const FRAME = {
  create: 1,
  spawn: 2,
  stdin: 3,
  stdinEnd: 4,
  credit: 5,
  kill: 6,
  snapshot: 7,
  usage: 8,
  release: 9,
  fork: 10,
  hello: 64,
  ready: 65,
  failed: 66,
  started: 67,
  notStarted: 68,
  output: 69,
  outputEnd: 70,
  stdinCredit: 71,
  exit: 72,
  layer: 73,
  used: 74,
  forked: 75,
} as const;

export interface Frame {
  type: number;
  /** Of the process, or of the request. */
  number: number;
  payload: Buffer;
}

const HEADER_BYTES = 9;
export const MAX_PAYLOAD = 8 * 1024 ** 2;

export function encodeFrame(type: number, number: number, payload: Uint8Array = EMPTY): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt8(type, 4);
  frame.writeUInt32LE(number, 5);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

const EMPTY = new Uint8Array(0);

/** Strings end with NUL; they must not hold one. */
export function encodeStrings(strings: readonly string[]): Buffer {
  return Buffer.from(strings.map((text) => `${text}\0`).join(''));
}

/** Cuts a byte stream into frames. Payloads are views of what was pushed. */
export class FrameReader {
  private held: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Frame[] {
    let bytes = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    const frames: Frame[] = [];
    while (bytes.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + bytes.readUInt32LE(0);
      if (bytes.length < end) break;
      frames.push({
        type: bytes.readUInt8(4),
        number: bytes.readUInt32LE(5),
        payload: bytes.subarray(HEADER_BYTES, end),
      });
      bytes = bytes.subarray(end);
    }
    this.held = bytes;
    return frames;
  }
}
