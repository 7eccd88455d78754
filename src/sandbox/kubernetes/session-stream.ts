/**
 * The controller's end of a session with an agent in a pod (`container-agent/link.h`): one byte stream both ways that outlives its connections. Bytes are kept
 * until the agent has acknowledged them; after a cut a new connection goes on at the byte where the last one broke, so nothing is lost or done twice.
 */
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeptBytes } from './kept-bytes.ts';
import { ANSWER_BYTES, greeting, readAnswer } from './session-greeting.ts';
import { encodeAsk, encodeData, encodeReceived, MAX_PAYLOAD, PACKET, PacketReader } from './session-packets.ts';
import { SessionSeal } from './session-seal.ts';

/** One connection, whatever carries it. */
export interface SessionLink {
  send(bytes: Buffer): void;
  close(): void;
  /** Resolves with the reason when it is over. */
  readonly ended: Promise<string>;
}

export interface SessionStreamOptions {
  /** Opens a connection. May throw: it is tried again. */
  connect(onBytes: (bytes: Buffer) => void): Promise<SessionLink>;
  /** Before the first connection: what no further try can change. */
  isFinal?(error: unknown): boolean;
  /** The session is given up when no connection stood for so long. */
  patienceMs: number;
  /** Between two questions whether the agent is still there. Default 20 s. */
  askEveryMs?: number;
}

const ANSWER_MS = 10_000;
const TELL_EVERY = 64 * 1024;
const KEPT_LIMIT = 4 * 1024 ** 2;
const MIN_WAIT_MS = 50;
const MAX_WAIT_MS = 5_000;
/** In a minute. */
const MANY_CUTS = 30;

export class SessionStream extends Duplex {
  /** Resolves with the agent's clock at its start, in nanoseconds, once the first connection stands. */
  readonly started: Promise<bigint>;
  private readonly options: SessionStreamOptions;
  private readonly seal = new SessionSeal();
  private readonly kept = new KeptBytes();
  private link: SessionLink | undefined;
  private received = 0;
  private told = 0;
  private heardAt = Date.now();
  private waiting: (() => void) | undefined;
  private resolveStarted: (clock: bigint) => void = () => {};
  private connections = 0;
  private recentCuts: number[] = [];
  private readonly ending = new AbortController();

  constructor(options: SessionStreamOptions) {
    super({ highWaterMark: KEPT_LIMIT });
    this.options = options;
    this.started = new Promise((resolve) => {
      this.resolveStarted = resolve;
    });
    void this.keepConnected();
  }

  /** How often a connection had to be made anew. */
  get cuts(): number {
    return Math.max(0, this.connections - 1);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const place = this.kept.end;
    this.kept.add(chunk);
    this.sendData(chunk, place);
    if (this.kept.size < KEPT_LIMIT) done();
    else this.waiting = done;
  }

  override _read(): void {} // the agent sends no more than its windows allow

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.ending.abort();
    this.link?.close();
    done(error);
  }

  private async keepConnected(): Promise<void> {
    let failures = 0;
    while (!this.destroyed) {
      let problem: string;
      try {
        problem = await this.oneConnection(() => {
          failures = 0;
        });
      } catch (error) {
        problem = (error as Error).message;
        if (this.connections === 0 && this.options.isFinal?.(error) === true) this.destroy(error as Error);
      }
      if (this.destroyed) return;
      if (Date.now() - this.heardAt > this.options.patienceMs) {
        this.destroy(new Error(`its agent was silent for ${Math.round(this.options.patienceMs / 1000)} s: ${problem}`));
        return;
      }
      // Not all at once: an API server that restarts cuts every stream of a cluster in the same moment.
      const waitMs = this.waitMs(failures) * (0.5 + Math.random());
      await sleep(waitMs, undefined, { signal: this.ending.signal }).catch(() => {});
      failures++;
    }
  }

  /** A program inside that ends each relay must not keep the API server busy. */
  private waitMs(failures: number): number {
    this.recentCuts = this.recentCuts.filter((at) => Date.now() - at < 60_000);
    this.recentCuts.push(Date.now());
    return this.recentCuts.length > MANY_CUTS ? MAX_WAIT_MS : Math.min(MIN_WAIT_MS * 2 ** failures, MAX_WAIT_MS);
  }

  /** From the greeting to the end of one connection; gives the reason of its end. */
  private async oneConnection(onUp: () => void): Promise<string> {
    const { bytes: words, nonce } = greeting(this.seal, { tellKey: this.connections === 0, received: this.received });
    const reader = new PacketReader(this.seal, this.received);
    let answer = Buffer.alloc(0);
    let link: SessionLink | undefined;
    let forgery: string | undefined;
    let late: NodeJS.Timeout | undefined;
    const hear = (bytes: Buffer): void => {
      if (link === undefined || forgery !== undefined) return;
      try {
        if (this.link !== undefined) {
          this.hearPackets(reader, bytes);
          return;
        }
        answer = Buffer.concat([answer, bytes]);
        if (answer.length < ANSWER_BYTES) return;
        this.takeAnswer(nonce, answer);
        clearTimeout(late);
        this.link = link;
        this.connections++;
        onUp();
        this.sendKept();
        this.hearPackets(reader, answer.subarray(ANSWER_BYTES));
      } catch (error) {
        forgery = (error as Error).message;
        link.close();
      }
    };
    const opened = await this.options.connect(hear);
    link = opened;
    if (this.destroyed) opened.close();
    opened.send(words);
    late = setTimeout(() => opened.close(), ANSWER_MS);
    const questions = setInterval(() => this.ask(opened), this.options.askEveryMs ?? 20_000);
    questions.unref();
    try {
      const reason = await opened.ended;
      return forgery ?? reason;
    } finally {
      clearTimeout(late);
      clearInterval(questions);
      this.link = undefined;
    }
  }

  /** Throws a `RangeError` for words of somebody else, and for an older place of the session. */
  private takeAnswer(nonce: Buffer, bytes: Buffer): void {
    const answer = readAnswer(this.seal, nonce, bytes);
    if (answer === undefined || !this.kept.forgetUntil(answer.has)) {
      throw new RangeError('its agent did not give the answer that came over its connection');
    }
    this.heardAt = Date.now();
    this.resolveStarted(answer.startedNs);
    this.told = this.received;
  }

  /** Only what its agent sent counts as heard. Throws a `RangeError` for all else. */
  private hearPackets(reader: PacketReader, bytes: Buffer): void {
    for (const packet of reader.push(bytes)) {
      this.heardAt = Date.now();
      if (packet.kind === PACKET.data) this.takeData(packet.payload);
      else if (packet.kind === PACKET.received) this.acknowledge(Number(packet.payload.readBigUInt64LE(0)));
    }
  }

  private takeData(bytes: Buffer): void {
    this.received += bytes.length;
    this.push(bytes);
    if (this.received - this.told < TELL_EVERY) return;
    this.told = this.received;
    this.link?.send(encodeReceived(this.seal, this.received));
  }

  private acknowledge(count: number): void {
    this.kept.forgetUntil(count);
    if (this.waiting === undefined || this.kept.size >= KEPT_LIMIT) return;
    const done = this.waiting;
    this.waiting = undefined;
    done();
  }

  /** All that a new connection must bring again. */
  private sendKept(): void {
    let place = this.kept.from;
    for (const chunk of this.kept.chunks()) {
      this.sendData(chunk, place);
      place += chunk.length;
    }
  }

  private sendData(chunk: Buffer, place: number): void {
    for (let at = 0; at < chunk.length; at += MAX_PAYLOAD) {
      this.link?.send(encodeData(this.seal, place + at, chunk.subarray(at, at + MAX_PAYLOAD)));
    }
  }

  /** Tells what came, asks for the same, and ends a connection over which nothing comes back. */
  private ask(link: SessionLink): void {
    if (this.link !== link) return;
    const every = this.options.askEveryMs ?? 20_000;
    if (Date.now() - this.heardAt > 2.5 * every) link.close();
    else {
      this.told = this.received;
      link.send(Buffer.concat([encodeReceived(this.seal, this.received), encodeAsk(this.seal)]));
    }
  }
}
