/** A process behind `assay serve`. Its connection may be cut at any time: it goes on where it stopped, and nothing is started, read or written twice. */
import type { IncomingMessage } from 'node:http';
import { Writable } from 'node:stream';
import { z } from 'zod';
import { firstEvent } from '../../base/first-event.ts';
import type { ProcessExit, SandboxProcess } from '../../contracts/index.ts';
import { processExitSchema, type SpawnRequest, STDIN_CHUNK_BYTES, STREAM_WINDOW_BYTES } from './api.ts';
import { type Frame, FrameReader } from './frames.ts';
import { RemoteStream } from './remote-stream.ts';
import { makeClientId, type ServerClient, type ServerRequest } from './server-client.ts';

/** The server hears of bytes that were read in steps of this size. */
const ACK_STEP_BYTES = STREAM_WINDOW_BYTES / 4;
const MOST_AT_ONCE = 1_000;
const LOST: ProcessExit = { code: null, signal: null, sandboxDied: true };
const nothing = z.object({});

/** The server may hold so much for a process that ended until the next one is started. */
const LARGE_BYTES = 64 * 1024;

export interface RemoteProcessOptions {
  client: ServerClient;
  /** `/v1/sandboxes/{id}` */
  sandboxPath: string;
  headers: Readonly<Record<string, string>>;
  /** Ids of processes that ended, which the next request to start one lets go of. */
  finished: string[];
}

export class RemoteProcess implements SandboxProcess {
  readonly stdin: Writable;
  readonly stdout = new RemoteStream(() => this.settle());
  readonly stderr = new RemoteStream(() => this.settle());
  readonly exit: Promise<ProcessExit>;
  private readonly client: ServerClient;
  private readonly id = makeClientId();
  private readonly path: string;
  private readonly finished: string[];
  private readonly headers: Readonly<Record<string, string>>;
  private readonly stopped = new AbortController();
  private tellExit: (exit: ProcessExit) => void = () => {};
  private exited = false;
  private released = false;
  private written = 0;
  /** The server has the end of the input, told with the start or later: what is written then is known there already. */
  private inputIsOver: boolean;
  private acknowledged = 0;
  private acknowledging = false;
  private signals: Promise<unknown> = Promise.resolve();

  private constructor({ client, sandboxPath, headers, finished }: RemoteProcessOptions, stdin: SpawnRequest['stdin']) {
    this.client = client;
    this.path = `${sandboxPath}/processes/${this.id}`;
    this.finished = finished;
    this.inputIsOver = stdin === 'empty';
    this.headers = headers;
    this.exit = new Promise((resolve) => {
      this.tellExit = (exit) => {
        this.exited = true;
        resolve(exit);
      };
    });
    this.stdin = new Writable({
      highWaterMark: STDIN_CHUNK_BYTES,
      decodeStrings: true,
      write: (chunk: Buffer, _encoding, done) => void this.send([chunk]).then(() => done()),
      writev: (chunks, done) => void this.send(chunks.map(({ chunk }) => chunk as Buffer)).then(() => done()),
      final: (done) => void this.finishInput().then(() => done()),
    });
  }

  /** Starts the process; resolves once it runs. Throws what the server says, or `sandbox-unavailable`. */
  static async start(request: SpawnRequest, options: RemoteProcessOptions): Promise<RemoteProcess> {
    const process = new RemoteProcess(options, request.stdin);
    const json = { ...request, release: options.finished.splice(0, MOST_AT_ONCE) };
    const response = await process.open({ method: 'PUT', path: process.path, json });
    void process.follow(response);
    return process;
  }

  kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): void {
    // In order; a process that is gone needs no signal, and one whose server is lost gets its end from `follow`.
    this.signals = this.signals.then(() => this.ask('POST', '/signal', { signal })).catch(() => {});
  }

  /** Reads frames until everything came, over as many connections as it takes. Never rejects. */
  private async follow(first: IncomingMessage): Promise<void> {
    let response = first;
    try {
      while (!(await this.readFrames(response)) && !this.stopped.signal.aborted) {
        const query = `stdout=${this.stdout.received}&stderr=${this.stderr.received}`;
        response = await this.open({ method: 'GET', path: `${this.path}/output?${query}` });
      }
    } catch {
      // The server is lost, or does not know the process any more: nobody can say what became of it.
    }
    this.tellExit(LOST); // changes nothing when the exit came
    this.stdout.finish();
    this.stderr.finish();
  }

  /** True when the stream came to its end, false when it was cut. */
  private async readFrames(response: IncomingMessage): Promise<boolean> {
    const frames = new FrameReader();
    response.on('data', (chunk: Buffer) => {
      try {
        for (const frame of frames.push(chunk)) this.handle(frame);
      } catch {
        response.destroy(); // no stream of frames: asked for again where it stopped
      }
    });
    response.on('error', () => {}); // cut: `close` follows
    if (!response.closed) await firstEvent(response, ['end', 'close']);
    return this.complete;
  }

  private handle({ kind, payload }: Frame): void {
    if (kind === 'stdout') this.stdout.arrive(payload);
    if (kind === 'stderr') this.stderr.arrive(payload);
    if (kind === 'stdout-end') this.stdout.finish();
    if (kind === 'stderr-end') this.stderr.finish();
    if (kind === 'exit') this.tellExit(processExitSchema.parse(JSON.parse(payload.toString())));
    if (this.complete) this.release();
  }

  private get complete(): boolean {
    return this.exited && this.stdout.done && this.stderr.done;
  }

  /** Tells the server what it need not keep, and that it may forget the process when nobody waits for more. */
  private settle(): void {
    if (this.complete) {
      this.release();
      return;
    }
    const settled = this.stdout.settled + this.stderr.settled;
    if (this.acknowledging || settled - this.acknowledged < ACK_STEP_BYTES) return;
    this.acknowledging = true;
    this.acknowledged = settled;
    void this.ask('POST', '/ack', { stdout: this.stdout.settled, stderr: this.stderr.settled })
      .catch(() => {}) // a lost server ends the process in `follow`
      .then(() => {
        this.acknowledging = false;
        this.settle();
      });
  }

  private release(): void {
    if (this.released) return;
    this.released = true;
    // A connection that is about to end by itself can be used again.
    if (!this.stdout.over || !this.stderr.over) this.stopped.abort();
    if (this.stdout.received + this.stderr.received < LARGE_BYTES) this.finished.push(this.id);
    else this.ask('DELETE', '').catch(() => {}); // what is not released here goes with its sandbox
  }

  private async send(chunks: readonly Buffer[]): Promise<void> {
    if (this.inputIsOver) return;
    const bytes = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    await Promise.resolve(); // `end(chunk)` says only after the write that it is the last
    const isLast = this.stdin.writableEnded && this.stdin.writableLength === bytes.length;
    for (let at = 0; at < bytes.length && !this.exited; at += STDIN_CHUNK_BYTES) {
      const next = at + STDIN_CHUNK_BYTES;
      await this.post(bytes.subarray(at, next), isLast && next >= bytes.length);
    }
  }

  private async finishInput(): Promise<void> {
    if (!this.inputIsOver) await this.post(Buffer.alloc(0), true);
  }

  /** Never rejects: input that nobody takes any more is no error. */
  private async post(bytes: Buffer, last: boolean): Promise<void> {
    if (this.exited) return;
    const path = `${this.path}/stdin?offset=${this.written}&last=${last ? 1 : 0}`;
    this.written += bytes.length;
    this.inputIsOver = last;
    const request: ServerRequest = { method: 'POST', path, headers: this.headers, bytes, signal: this.stopped.signal };
    await this.client.json(request, nothing).catch(() => {}); // the process or its server is gone: `exit` tells
  }

  private ask(method: 'POST' | 'DELETE', path: string, json?: unknown) {
    const request: ServerRequest = { method, path: this.path + path, headers: this.headers };
    return this.client.json(json === undefined ? request : { ...request, json }, nothing);
  }

  private open(request: Omit<ServerRequest, 'headers' | 'signal'>): Promise<IncomingMessage> {
    return this.client.open({ ...request, headers: this.headers, signal: this.stopped.signal });
  }
}
