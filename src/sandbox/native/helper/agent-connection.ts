/** The client's end of one sandbox: its processes, its requests, and the news of its end. */
import type { Socket } from 'node:net';
import { AssayError } from '../../../contracts/index.ts';
import { encodeFrame, encodeStrings, FRAME, type Frame, FrameReader, MAX_PAYLOAD } from './frames.ts';
import { HelperProcess } from './helper-process.ts';

export interface Hello {
  /** The sandbox's id: of its cgroup, and in the zygote's words. */
  id: string;
  /** Of its first process, on the host. */
  pid: number;
}

/** Frames that answer a request. */
const ANSWERS: ReadonlySet<number> = new Set([FRAME.layer, FRAME.used, FRAME.forked, FRAME.failed]);

interface Waiting {
  resolve(frame: Frame): void;
  reject(error: Error): void;
}

export class AgentConnection {
  /** Resolves when the connection is gone. Never rejects. */
  readonly closed: Promise<void>;
  private readonly socket: Socket;
  private readonly processes = new Map<number, HelperProcess>();
  /** Answers that somebody waits for. */
  private readonly waiting = new Map<string, Waiting>();
  private nextNumber = 1;
  private over = false;
  private cause: Error | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader();
    socket.on('data', (chunk: Buffer) => {
      for (const frame of reader.push(chunk)) this.receive(frame);
    });
    socket.on('error', (error) => {
      this.cause = error;
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.abandon();
        resolve();
      });
    });
  }

  /** Asks for a sandbox; `onHello` hears who answers before the sandbox is ready. Throws `sandbox-create-failed`. */
  async create(fields: readonly string[], onHello: (hello: Hello) => void): Promise<void> {
    this.write(encodeFrame(FRAME.create, 0, encodeStrings(fields)));
    const [helloComes, readyComes] = [this.answer('hello'), this.answer('ready')];
    readyComes.catch(() => {}); // looked at below, unless the hello fails already
    const [id = '', pid = ''] = (await helloComes).payload.toString().split(' ');
    let problem: unknown;
    try {
      onHello({ id, pid: Number(pid) });
    } catch (error) {
      problem = error; // perhaps because the sandbox is gone already, and says why
    }
    const ready = await readyComes;
    if (ready.type === FRAME.failed) throw createFailed(ready.payload.toString());
    if (problem !== undefined) throw problem;
  }

  async spawn(
    argv: readonly string[],
    cwd: string,
    env: Readonly<Record<string, string>>,
    merge: boolean,
  ): Promise<HelperProcess> {
    const number = this.nextNumber++;
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const strings = [cwd, String(argv.length), ...argv, ...variables];
    if (strings.some((text) => text.includes('\0'))) throw spawnFailed(argv, 'an argument holds a NUL character');
    const payload = Buffer.concat([Buffer.of(merge ? 1 : 0), encodeStrings(strings)]);
    if (payload.length > MAX_PAYLOAD) throw spawnFailed(argv, 'the arguments are too long');
    const child = new HelperProcess(
      number,
      (frame) => this.write(frame),
      merge,
      () => {
        this.processes.delete(number);
        this.write(encodeFrame(FRAME.release, number));
      },
    );
    this.processes.set(number, child);
    this.write(encodeFrame(FRAME.spawn, number, payload));
    child.stdout.read(0); // asks for output: the first credit
    child.stderr.read(0);
    const started = await this.answer(`process ${number}`);
    if (started.type === FRAME.started) return child;
    this.processes.delete(number);
    throw spawnFailed(argv, started.payload.toString());
  }

  /** The digest, as hex, of the layer that now lies in the store's folder `name`. Ends all processes. */
  async snapshot(name: string): Promise<string> {
    const answer = await this.request(FRAME.snapshot, Buffer.from(name));
    if (answer.type === FRAME.layer) return answer.payload.toString();
    const why = answer.payload.toString();
    const full = /No space left|quota/i.test(why);
    throw new AssayError(full ? 'sandbox-disk-full' : 'io', `the layer could not be written: ${why}`, {
      class: 'infra',
      retryable: full,
      ...(full ? { hint: 'Free space (`assay env gc`), then try again.' } : {}),
    });
  }

  /**
   * Freezes the files and makes them ready for `count` new sandboxes that name the empty folder `name` of the layer store. Ends all processes.
   */
  async fork(name: string, count: number): Promise<void> {
    const payload = Buffer.alloc(4);
    payload.writeUInt32LE(count);
    const answer = await this.request(FRAME.fork, Buffer.concat([payload, Buffer.from(name)]));
    if (answer.type === FRAME.forked) return;
    throw createFailed(`it cannot be forked: ${answer.payload.toString()}`);
  }

  /** Bytes on the sandbox's private file system. */
  async usedBytes(): Promise<number> {
    return Number((await this.request(FRAME.usage)).payload.toString());
  }

  /** Lets go: the sandbox ends. */
  close(): void {
    this.socket.destroy();
  }

  private request(type: number, payload?: Buffer): Promise<Frame> {
    const number = this.nextNumber++;
    this.write(encodeFrame(type, number, payload));
    return this.answer(`request ${number}`);
  }

  private write(frame: Buffer): void {
    if (!this.over) this.socket.write(frame);
  }

  private answer(key: string): Promise<Frame> {
    if (this.over) return Promise.reject(this.died());
    return new Promise((resolve, reject) => {
      this.waiting.set(key, { resolve, reject });
    });
  }

  private settle(key: string, frame: Frame): void {
    const waiting = this.waiting.get(key);
    this.waiting.delete(key);
    waiting?.resolve(frame);
  }

  private receive(frame: Frame): void {
    const { type, number } = frame;
    if (type === FRAME.hello) this.settle('hello', frame);
    else if (type === FRAME.ready || (type === FRAME.failed && number === 0)) this.settle('ready', frame);
    else if (type === FRAME.started || type === FRAME.notStarted) this.settle(`process ${number}`, frame);
    else if (ANSWERS.has(type)) this.settle(`request ${number}`, frame);
    else this.processes.get(number)?.receive(frame);
  }

  private abandon(): void {
    this.over = true;
    for (const waiting of this.waiting.values()) waiting.reject(this.died());
    this.waiting.clear();
    for (const child of this.processes.values()) child.abandon();
    this.processes.clear();
  }

  private died(): AssayError {
    return new AssayError('sandbox-died', 'the sandbox has ended', {
      class: 'infra',
      retryable: true,
      ...(this.cause === undefined ? {} : { cause: this.cause }),
    });
  }
}

export function createFailed(reason: string): AssayError {
  return new AssayError('sandbox-create-failed', `the sandbox could not be set up: ${reason}`, {
    class: 'infra',
    retryable: true,
    hint: 'User namespaces may be closed to ordinary users: on Ubuntu run `sysctl kernel.apparmor_restrict_unprivileged_userns=0` as root, in a container allow them; `assay doctor` shows what works.',
  });
}

function spawnFailed(argv: readonly string[], reason: string): AssayError {
  return new AssayError('sandbox-spawn-failed', `cannot start ${argv[0] ?? ''}: ${reason}`, {
    class: 'infra',
    retryable: false,
  });
}
