/** One process in a sandbox of the helper: three streams with flow control by credit, so that neither side ever holds much. */
import { constants } from 'node:os';
import { Readable, Writable } from 'node:stream';
import type { ProcessExit, SandboxProcess } from '../../../contracts/index.ts';
import { signalName } from '../../signal-name.ts';
import { encodeFrame, FRAME, type Frame } from './frames.ts';

/** Bytes that may be on their way, per stream. */
const WINDOW = 256 * 1024;
const PIECE = 64 * 1024;

export class HelperProcess implements SandboxProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<ProcessExit>;
  private readonly number: number;
  private readonly send: (frame: Buffer) => void;
  private readonly outputs: readonly [OutputStream, OutputStream];
  private resolveExit: (exit: ProcessExit) => void = () => {};
  private ended = false;
  /** Bytes of stdin that may still be sent, and who waits for more. */
  private room = WINDOW;
  private waiting: (() => void) | undefined;

  /** `onDone` is called once: it has exited and nobody reads its output any more. */
  constructor(number: number, send: (frame: Buffer) => void, merge: boolean, onDone: () => void) {
    this.number = number;
    this.send = send;
    this.exit = new Promise((resolve) => {
      this.resolveExit = resolve;
    });
    this.stdin = this.openInput();
    this.outputs = [new OutputStream(number, 0, send), new OutputStream(number, 1, send)];
    [this.stdout, this.stderr] = this.outputs;
    if (merge) this.outputs[1].push(null);
    const closed = this.outputs.map((stream) => new Promise<void>((resolve) => stream.once('close', resolve)));
    void Promise.all([this.exit, ...closed]).then(onDone);
  }

  kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): void {
    this.send(encodeFrame(FRAME.kill, this.number, Buffer.of(constants.signals[signal])));
  }

  /** A frame that names this process. */
  receive(frame: Frame): void {
    const [first = 0, second = 0] = frame.payload;
    if (frame.type === FRAME.output) this.outputs[first === 0 ? 0 : 1].receive(frame.payload.subarray(1));
    else if (frame.type === FRAME.outputEnd) this.outputs[first === 0 ? 0 : 1].push(null);
    else if (frame.type === FRAME.stdinCredit) this.giveRoom(frame.payload.readUInt32LE(0));
    else if (frame.type === FRAME.exit) this.end(exitOf(first === 1, second));
  }

  /** The sandbox is gone. */
  abandon(): void {
    this.end({ code: null, signal: 'SIGKILL', sandboxDied: true });
    for (const stream of this.outputs) if (!stream.readableEnded && !stream.destroyed) stream.push(null);
  }

  private end(exit: ProcessExit): void {
    if (this.ended) return;
    this.ended = true;
    this.giveRoom(0); // nobody reads what is still to be written
    this.resolveExit(exit);
  }

  private giveRoom(bytes: number): void {
    this.room += bytes;
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.();
  }

  private openInput(): Writable {
    const writePieces = (chunk: Buffer, done: () => void): void => {
      let rest = chunk;
      while (rest.length > 0 && !this.ended) {
        if (this.room === 0) {
          this.waiting = () => writePieces(rest, done);
          return;
        }
        const piece = rest.subarray(0, Math.min(this.room, PIECE));
        this.room -= piece.length;
        this.send(encodeFrame(FRAME.stdin, this.number, piece));
        rest = rest.subarray(piece.length);
      }
      done();
    };
    const sendEnd = () => this.send(encodeFrame(FRAME.stdinEnd, this.number));
    const stdin = new Writable({
      write: (chunk: Buffer, _encoding, done) => writePieces(chunk, done),
      final(done) {
        sendEnd();
        done();
      },
      destroy(error, done) {
        sendEnd();
        done(error);
      },
    });
    stdin.on('error', () => {}); // writes after the end
    return stdin;
  }
}

/** Output that is asked for as it is read. */
class OutputStream extends Readable {
  private readonly number: number;
  private readonly index: 0 | 1;
  private readonly send: (frame: Buffer) => void;
  /** Bytes that were taken and not yet credited again. */
  private owed = WINDOW;

  constructor(number: number, index: 0 | 1, send: (frame: Buffer) => void) {
    super({ highWaterMark: WINDOW });
    this.number = number;
    this.index = index;
    this.send = send;
  }

  /** The first credit; sent behind the request to start. */
  override _read(): void {
    if (this.owed >= WINDOW / 4) this.grant();
  }

  receive(bytes: Buffer): void {
    this.owed += bytes.length;
    // A destroyed stream is a sink: the program goes on as if somebody read.
    if (this.destroyed || this.push(bytes)) this._read();
  }

  private grant(): void {
    const frame = Buffer.alloc(5);
    frame.writeUInt8(this.index, 0);
    frame.writeUInt32LE(this.owed, 1);
    this.owed = 0;
    this.send(encodeFrame(FRAME.credit, this.number, frame));
  }
}

function exitOf(bySignal: boolean, value: number): ProcessExit {
  if (!bySignal) return { code: value, signal: null, sandboxDied: false };
  return { code: null, signal: signalName(value), sandboxDied: false };
}
