/** The controller's end of one agent: starts processes and carries their streams over the one connection. */
import type { Duplex } from 'node:stream';
import type { SandboxProcess } from '../../contracts/index.ts';
import { AgentProcess, sandboxDied, spawnFailed } from './agent-process.ts';
import {
  encodeFrame,
  encodeSpawn,
  FROM_AGENT,
  type Frame,
  FrameReader,
  PROTOCOL_VERSION,
  type SpawnRequest,
  TO_AGENT,
} from './agent-protocol.ts';

export class AgentConnection {
  /** Resolves when the connection is gone, with the reason. */
  readonly ended: Promise<string>;
  private readonly stream: Duplex;
  private readonly reader = new FrameReader();
  private readonly processes = new Map<number, AgentProcess>();
  private readonly ready: Promise<void>;
  private becomeReady: (error?: Error) => void = () => {};
  private resolveEnded: (reason: string) => void = () => {};
  private allKilled: (() => void)[] = [];
  private nextChannel = 1;
  private dead = false;

  /** `stream` carries frames both ways, without the engine's own framing. */
  constructor(stream: Duplex) {
    this.stream = stream;
    this.ended = new Promise((resolve) => {
      this.resolveEnded = resolve;
    });
    this.ready = new Promise((resolve, reject) => {
      this.becomeReady = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.ready.catch(() => {}); // asked for by `hello` alone
    stream.on('data', (chunk: Buffer) => this.receive(chunk));
    stream.on('error', (error) => this.end(error.message));
    stream.on('close', () => this.end('its connection was closed'));
    stream.on('end', () => this.end('its agent ended'));
  }

  /** Resolves when the agent has told that it runs. Throws when it ends before, or is of another version. */
  hello(): Promise<void> {
    return this.ready;
  }

  async spawn(request: SpawnRequest): Promise<SandboxProcess> {
    if (this.dead) throw sandboxDied();
    const payload = encoded(request);
    const channel = this.nextChannel++;
    const process = new AgentProcess({
      send: (type, payload) => this.send(type, channel, payload),
      program: request.argv[0] ?? '',
      merge: request.merge,
      forget: () => this.processes.delete(channel),
    });
    this.processes.set(channel, process);
    this.send(TO_AGENT.spawn, channel, payload);
    await process.started;
    return process;
  }

  /** Ends every process but the agent; resolves when the last is gone. */
  async killAll(): Promise<void> {
    if (this.dead) return;
    const killed = new Promise<void>((resolve) => this.allKilled.push(resolve));
    this.send(TO_AGENT.killAll, 0);
    await Promise.race([killed, this.ended]);
  }

  /** Closes the connection; the agent then ends everything and itself. */
  close(): void {
    this.stream.destroy();
    this.end('it was closed');
  }

  private send(type: number, channel: number, payload?: Uint8Array): void {
    if (!this.dead) this.stream.write(encodeFrame(type, channel, payload));
  }

  private receive(chunk: Buffer): void {
    try {
      for (const frame of this.reader.push(chunk)) this.handle(frame);
    } catch (error) {
      this.stream.destroy();
      this.end(`it sent what is no frame: ${(error as Error).message}`);
    }
  }

  private handle(frame: Frame): void {
    if (frame.type === FROM_AGENT.hello) {
      const version = frame.payload.readUInt32LE(0);
      this.becomeReady(
        version === PROTOCOL_VERSION ? undefined : new Error(`the agent speaks version ${version} of the protocol`),
      );
    } else if (frame.type === FROM_AGENT.allKilled) {
      for (const resolve of this.allKilled.splice(0)) resolve();
    } else this.processes.get(frame.channel)?.handle(frame);
  }

  private end(reason: string): void {
    if (this.dead) return;
    this.dead = true;
    this.becomeReady(new Error(reason));
    for (const process of this.processes.values()) process.die();
    this.processes.clear();
    this.resolveEnded(reason);
  }
}

function encoded(request: SpawnRequest): Buffer {
  try {
    return encodeSpawn(request);
  } catch (error) {
    throw spawnFailed(request.argv[0] ?? '', (error as Error).message);
  }
}
