/**
 * The controller's end of a session with an agent in a pod (`container-agent/link.h`): one byte stream both ways that outlives its connections. Bytes are kept
 * until the agent has acknowledged them; after a cut a new connection goes on at the byte where the last one broke, so nothing is lost or done twice.
 */
import { randomBytes } from 'node:crypto';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeptBytes } from './kept-bytes.ts';
import { encodePacket, encodeReceived, PACKET, PacketReader } from './session-packets.ts';

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
  /** The session is given up when no connection stood for so long. */
  patienceMs: number;
  /** Between two questions whether the agent is still there. Default 20 s. */
  askEveryMs?: number;
}

const MAGIC = Buffer.from('ASSAYPOD');
const ANSWER_BYTES = 24;
const ANSWER_MS = 10_000;
const MAX_CHUNK = 64 * 1024;
const TELL_EVERY = 64 * 1024;
const KEPT_LIMIT = 4 * 1024 ** 2;
const MAX_WAIT_MS = 5_000;

export class SessionStream extends Duplex {
  /** Resolves with the agent's clock at its start, in nanoseconds, once the first connection stands. */
  readonly started: Promise<bigint>;
  private readonly options: SessionStreamOptions;
  private readonly secret = randomBytes(32);
  private readonly kept = new KeptBytes();
  private link: SessionLink | undefined;
  private received = 0;
  private told = 0;
  private heardAt = Date.now();
  private waiting: (() => void) | undefined;
  private resolveStarted: (clock: bigint) => void = () => {};
  private connections = 0;

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
    this.kept.add(chunk);
    this.sendData(chunk);
    if (this.kept.size < KEPT_LIMIT) done();
    else this.waiting = done;
  }

  override _read(): void {} // the agent sends no more than its windows allow

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.link?.close();
    done(error);
  }

  private async keepConnected(): Promise<void> {
    let waitMs = 50;
    let problem = 'no connection was made';
    while (!this.destroyed) {
      try {
        problem = await this.oneConnection(() => {
          waitMs = 50;
        });
      } catch (error) {
        problem = (error as Error).message;
      }
      if (this.destroyed) return;
      if (Date.now() - this.heardAt > this.options.patienceMs) {
        this.destroy(new Error(`its agent was silent for ${Math.round(this.options.patienceMs / 1000)} s: ${problem}`));
        return;
      }
      // Not all at once: an API server that restarts cuts every stream of a cluster in the same moment.
      await sleep(waitMs * (0.5 + Math.random()), undefined, { ref: false });
      waitMs = Math.min(2 * waitMs, MAX_WAIT_MS);
    }
  }

  /** From the greeting to the end of one connection; gives the reason of its end. */
  private async oneConnection(onUp: () => void): Promise<string> {
    const reader = new PacketReader();
    let answer = Buffer.alloc(0);
    let link: SessionLink | undefined;
    let late: NodeJS.Timeout | undefined;
    const hear = (bytes: Buffer): void => {
      if (this.link !== undefined) {
        this.hearPackets(reader, bytes);
        return;
      }
      answer = Buffer.concat([answer, bytes]);
      if (answer.length < ANSWER_BYTES || link === undefined || !this.takeAnswer(answer)) return;
      clearTimeout(late);
      this.link = link;
      this.connections++;
      onUp();
      for (const chunk of this.kept.chunks()) this.sendData(chunk);
      this.hearPackets(reader, answer.subarray(ANSWER_BYTES));
    };
    const opened = await this.options.connect(hear);
    link = opened;
    if (this.destroyed) opened.close();
    opened.send(greeting(this.secret, this.received));
    late = setTimeout(() => opened.close(), ANSWER_MS);
    const questions = setInterval(() => this.ask(opened), this.options.askEveryMs ?? 20_000);
    questions.unref();
    try {
      return await opened.ended;
    } finally {
      clearTimeout(late);
      clearInterval(questions);
      this.link = undefined;
    }
  }

  /** False when the agent lost what it should have; the session cannot go on then. */
  private takeAnswer(answer: Buffer): boolean {
    const has = Number(answer.readBigUInt64LE(8));
    if (!answer.subarray(0, 8).equals(MAGIC) || !this.kept.forgetUntil(has)) {
      this.destroy(new Error('its agent answered with what no session has'));
      return false;
    }
    this.heardAt = Date.now();
    this.resolveStarted(answer.readBigUInt64LE(16));
    this.told = this.received;
    return true;
  }

  private hearPackets(reader: PacketReader, bytes: Buffer): void {
    this.heardAt = Date.now();
    try {
      for (const packet of reader.push(bytes)) {
        if (packet.kind === PACKET.data) this.takeData(packet.payload);
        else if (packet.kind === PACKET.received) this.acknowledge(Number(packet.payload.readBigUInt64LE(0)));
      }
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  private takeData(bytes: Buffer): void {
    this.received += bytes.length;
    this.push(bytes);
    if (this.received - this.told < TELL_EVERY) return;
    this.told = this.received;
    this.link?.send(encodeReceived(this.received));
  }

  private acknowledge(count: number): void {
    this.kept.forgetUntil(count);
    if (this.waiting === undefined || this.kept.size >= KEPT_LIMIT) return;
    const done = this.waiting;
    this.waiting = undefined;
    done();
  }

  private sendData(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at += MAX_CHUNK) {
      this.link?.send(encodePacket(PACKET.data, chunk.subarray(at, at + MAX_CHUNK)));
    }
  }

  /** Tells what came, asks for the same, and ends a connection over which nothing comes back. */
  private ask(link: SessionLink): void {
    if (this.link !== link) return;
    const every = this.options.askEveryMs ?? 20_000;
    if (Date.now() - this.heardAt > 2.5 * every) link.close();
    else {
      this.told = this.received;
      link.send(Buffer.concat([encodeReceived(this.received), encodePacket(PACKET.ask)]));
    }
  }
}

function greeting(secret: Buffer, received: number): Buffer {
  const count = Buffer.alloc(8);
  count.writeBigUInt64LE(BigInt(received));
  return Buffer.concat([MAGIC, secret, count]);
}
