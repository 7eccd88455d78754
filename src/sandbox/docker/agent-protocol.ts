/**
 * Frames between the controller and the agent in a container (`container-agent/agent.c`): type (1 byte), channel (4), length (4, little endian), payload.
 * A channel is one process; the controller chooses its number and never uses it twice.
 *
 * To the agent: `spawn` (flags, counts, working directory, arguments, variables), `stdin`, `stdinEnd`, `kill` (signal number), `credit` (stream, bytes),
 * `drop` (stream: close it, nobody reads), `killAll`. From it: `hello` (version), `started`, `failed` (reason), `stdout`, `stderr`, `outputEnd` (stream),
 * `exited` (0 code | 1 signal, number), `stdinCredit` (bytes written to the process), `stdinGone`, `allKilled`.
 *
 * Flow control: each direction of each stream starts with `WINDOW` bytes that may be on the way; whoever consumed bytes grants as many again. So a reader
 * that stalls stops its own process and nobody else's.
 */
export const TO_AGENT = { spawn: 1, stdin: 2, stdinEnd: 3, kill: 4, credit: 5, drop: 6, killAll: 7 } as const;
export const FROM_AGENT = {
  hello: 64,
  started: 65,
  failed: 66,
  stdout: 67,
  stderr: 68,
  outputEnd: 69,
  exited: 70,
  stdinCredit: 71,
  stdinGone: 72,
  allKilled: 73,
} as const;

/** The agent's number for what it speaks; told in its first frame. */
export const PROTOCOL_VERSION = 1;
export const WINDOW = 256 * 1024;

const MERGE = 1;
const HEADER = 9;
/** Flags and the two counts. */
const SPAWN_HEAD = 9;
const MAX_PAYLOAD = 4 * 1024 ** 2;

export interface Frame {
  type: number;
  channel: number;
  payload: Buffer;
}

export function encodeFrame(type: number, channel: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const frame = Buffer.alloc(HEADER + payload.length);
  frame.writeUInt8(type, 0);
  frame.writeUInt32LE(channel, 1);
  frame.writeUInt32LE(payload.length, 5);
  frame.set(payload, HEADER);
  return frame;
}

export interface SpawnRequest {
  argv: readonly string[];
  cwd: string;
  /** The whole environment. */
  env: Readonly<Record<string, string>>;
  merge: boolean;
}

/** Throws a `RangeError` when a word holds NUL or all of it is larger than a frame may be. */
export function encodeSpawn(request: SpawnRequest): Buffer {
  const variables = Object.entries(request.env).map(([name, value]) => `${name}=${value}`);
  const words = [request.cwd, ...request.argv, ...variables];
  if (words.some((word) => word.includes('\0'))) throw new RangeError('an argument or variable contains a NUL byte');
  const head = Buffer.alloc(SPAWN_HEAD);
  head.writeUInt8(request.merge ? MERGE : 0, 0);
  head.writeUInt32LE(request.argv.length, 1);
  head.writeUInt32LE(variables.length, 5);
  const payload = Buffer.concat([head, ...words.map((word) => Buffer.from(`${word}\0`))]);
  if (payload.length > MAX_PAYLOAD) throw new RangeError('the arguments and variables are too long');
  return payload;
}

/** A stream and a number of bytes, as `credit` carries them. */
export function encodeCredit(stream: 0 | 1, bytes: number): Buffer {
  const payload = Buffer.alloc(5);
  payload.writeUInt8(stream, 0);
  payload.writeUInt32LE(bytes, 1);
  return payload;
}

/** Cuts a byte stream into frames. */
export class FrameReader {
  private pending: Buffer[] = [];
  private size = 0;

  /** All frames that are complete now. Throws a `RangeError` when the bytes cannot be frames. */
  push(chunk: Buffer): Frame[] {
    this.pending.push(chunk);
    this.size += chunk.length;
    const frames: Frame[] = [];
    for (let frame = this.next(); frame !== undefined; frame = this.next()) frames.push(frame);
    return frames;
  }

  private next(): Frame | undefined {
    if (this.size < HEADER) return undefined;
    const bytes = this.joined(HEADER);
    const length = bytes.readUInt32LE(5);
    if (length > MAX_PAYLOAD) throw new RangeError(`a frame of ${length} bytes`);
    if (this.size < HEADER + length) return undefined;
    const whole = this.joined(HEADER + length);
    const payload = whole.subarray(HEADER, HEADER + length);
    const rest = whole.subarray(HEADER + length);
    this.pending[0] = rest;
    if (rest.length === 0) this.pending.shift();
    this.size -= HEADER + length;
    return { type: whole.readUInt8(0), channel: whole.readUInt32LE(1), payload };
  }

  /** The first pending buffer, joined with as many of the others as it takes to hold `length` bytes. */
  private joined(length: number): Buffer {
    const first = this.pending[0] ?? Buffer.alloc(0);
    if (first.length >= length) return first;
    const all = Buffer.concat(this.pending);
    this.pending = [all];
    return all;
  }
}
