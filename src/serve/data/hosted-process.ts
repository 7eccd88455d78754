/**
 * One process of a sandbox as the server holds it: its output is kept until the client has it, its input is taken once whatever is sent again. It outlives
 * the connections of its client.
 */
import { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { firstEvent } from '../../base/first-event.ts';
import type { ProcessExit, SandboxProcess } from '../../contracts/index.ts';
import { STREAM_WINDOW_BYTES } from '../../sandbox/remote/api.ts';
import { busy, refuse } from '../http/http-problem.ts';
import type { HeldBytes } from './held-bytes.ts';
import { ReplayWindow } from './replay-window.ts';
import { Wakeup } from './wakeup.ts';

/** Requests with input for one process at the same time. */
const MAX_INPUTS = 8;
const INPUT_RETRY_SECONDS = 1;
/** Of streams after the exit. */
const QUIET_MS = 100;
/** So long an exit waits for a client that does not read. */
const UNREAD_MS = 30_000;

export interface HostedStream {
  readonly window: ReplayWindow;
  readonly source: Readable;
}

export interface GivenInput {
  bytes: Buffer;
  last: boolean;
}

export class HostedProcess {
  /** More input will come: the client waits to hear that the process runs. */
  readonly isInteractive: boolean;
  readonly stdout: HostedStream;
  readonly stderr: HostedStream;
  /** Null while it runs. */
  exit: ProcessExit | null = null;
  /** The same, once all that was printed before it is there. A client behind a slow network gives up on output that comes long after the exit. */
  settledExit: ProcessExit | null = null;
  /** Emits `change` when there is more to tell, `attach` when a connection takes over. */
  readonly events = new EventEmitter();
  private readonly child: SandboxProcess;
  private readonly held: HeldBytes;
  private inputs = 0;
  private taken = 0;
  private inputEnded = false;
  private inputTurn: Promise<unknown> = Promise.resolve();

  /** `given`: the first of its input; `last`: nothing comes after it. */
  constructor(child: SandboxProcess, held: HeldBytes, given: GivenInput = { bytes: Buffer.alloc(0), last: false }) {
    this.child = child;
    this.held = held;
    this.isInteractive = !given.last;
    this.stdout = this.hold(child.stdout);
    this.stderr = this.hold(child.stderr);
    child.stdin.on('error', () => {}); // the process ended or closed its input: its exit tells
    if (given.last || given.bytes.length > 0) void this.write(0, given.bytes, given.last);
    void child.exit.then(async (exit) => {
      this.exit = exit;
      this.events.emit('change');
      await this.quiet();
      this.settledExit = exit;
      this.events.emit('change');
    });
  }

  /** All output and the exit are there. */
  get complete(): boolean {
    return this.exit !== null && this.stdout.window.ended && this.stderr.window.ended;
  }

  /** The client has these bytes; a process that waited for that goes on. */
  acknowledge(offsets: { stdout: number; stderr: number }): void {
    this.letGo(this.stdout, offsets.stdout);
    this.letGo(this.stderr, offsets.stderr);
  }

  /** Carries a request with input out. Throws 429 when too many are under way: each holds its bytes until the process takes them. */
  async admitInput(take: () => Promise<void>): Promise<void> {
    if (this.inputs >= MAX_INPUTS) throw busy('this process has not taken its input yet', INPUT_RETRY_SECONDS);
    this.inputs++;
    try {
      await take();
    } finally {
      this.inputs--;
    }
  }

  /**
   * Input that begins at `offset` of all input; what was taken before is passed over. `last`: nothing comes after it. Resolves when the process's pipe took it or will
   * not take any more. Throws 409 when bytes before `offset` are missing.
   */
  write(offset: number, bytes: Buffer, last: boolean): Promise<void> {
    const turn = this.inputTurn.then(() => this.take(offset, bytes, last));
    this.inputTurn = turn.catch(() => {}); // told to the request that sent it
    return turn;
  }

  kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): void {
    this.child.kill(signal);
  }

  /** The client wants nothing more of it: reading ends, the process itself goes on. */
  release(): void {
    for (const stream of [this.stdout, this.stderr]) {
      stream.source.destroy();
      this.letGo(stream, stream.window.end);
      stream.window.finish();
    }
    this.events.emit('change');
  }

  /** Resolves when both streams have ended, or nothing came for a while though there was room for it: background processes may hold them open. */
  private async quiet(): Promise<void> {
    const bell = new Wakeup();
    const ring = () => bell.ring();
    this.events.on('change', ring);
    try {
      let printed = -1;
      const until = performance.now() + UNREAD_MS;
      for (let since = performance.now(); !this.complete; await setImmediate()) {
        const { stdout, stderr, held } = this;
        const bytes = stdout.window.end + stderr.window.end;
        if (bytes !== printed || stdout.window.full || stderr.window.full || held.isFull) since = performance.now();
        printed = bytes;
        const left = Math.min(since + QUIET_MS, until) - performance.now();
        if (left <= 0) return;
        await Promise.race([bell.wait(), sleep(left)]);
      }
    } finally {
      this.events.off('change', ring);
    }
  }

  private async take(offset: number, bytes: Buffer, last: boolean): Promise<void> {
    if (offset > this.taken) throw refuse(409, `input from ${offset} on, but only ${this.taken} bytes came before`);
    const { stdin } = this.child;
    const fresh = bytes.subarray(this.taken - offset);
    if (this.inputEnded || stdin.destroyed) return;
    this.taken += fresh.length;
    if (fresh.length > 0 && !stdin.write(fresh) && this.exit === null)
      await Promise.race([firstEvent(stdin, ['drain', 'close', 'error']), this.child.exit]);
    if (!last) return;
    this.inputEnded = true;
    stdin.end();
  }

  private letGo(stream: HostedStream, offset: number): void {
    const { start } = stream.window;
    stream.window.acknowledge(offset);
    this.held.drop(stream.window.start - start);
    this.goOn(stream);
  }

  private goOn({ window, source }: HostedStream): void {
    if (window.full) return;
    if (this.held.isFull) this.held.wait(() => this.goOn({ window, source }));
    else source.resume();
  }

  private hold(source: Readable): HostedStream {
    const window = new ReplayWindow(STREAM_WINDOW_BYTES);
    const finish = () => {
      window.finish();
      this.events.emit('change');
    };
    source.on('data', (chunk: Buffer) => {
      window.push(chunk);
      this.held.add(chunk.length);
      if (window.full || this.held.isFull) source.pause();
      if (this.held.isFull) this.held.wait(() => this.goOn({ window, source }));
      this.events.emit('change');
    });
    source.once('end', finish).once('close', finish);
    source.once('error', finish);
    // The stderr of a process that prints it to stdout may have ended before anybody could listen.
    if (source.readableEnded || source.destroyed) window.finish();
    return { window, source };
  }
}
