/** One process behind an agent, as a `SandboxProcess`. */
import { constants } from 'node:os';
import { AssayError, type ProcessExit, type SandboxProcess } from '../../contracts/index.ts';
import { AgentInput } from './agent-input.ts';
import { AgentOutput } from './agent-output.ts';
import { encodeCredit, FROM_AGENT, type Frame, TO_AGENT } from './agent-protocol.ts';

export interface AgentProcessOptions {
  program: string;
  /** stderr is the same pipe as stdout. */
  merge: boolean;
  send(type: number, payload?: Uint8Array): void;
  /** Called when no further frame of it can matter. */
  forget(): void;
}

export class AgentProcess implements SandboxProcess {
  readonly stdin: AgentInput;
  readonly stdout: AgentOutput;
  readonly stderr: AgentOutput;
  readonly exit: Promise<ProcessExit>;
  /** Resolves once it runs; rejects with `sandbox-spawn-failed` or `sandbox-died`. */
  readonly started: Promise<void>;
  private readonly options: AgentProcessOptions;
  private settleStarted: (error?: AssayError) => void = () => {};
  private resolveExit: (exit: ProcessExit) => void = () => {};
  private exited = false;
  private readonly open = new Set<AgentOutput>();

  constructor(options: AgentProcessOptions) {
    this.options = options;
    this.started = new Promise((resolve, reject) => {
      this.settleStarted = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.exit = new Promise((resolve) => {
      this.resolveExit = resolve;
    });
    this.stdin = new AgentInput({
      send: (bytes) => options.send(TO_AGENT.stdin, bytes),
      sendEnd: () => options.send(TO_AGENT.stdinEnd),
    });
    this.stdout = this.output(0);
    this.stderr = this.output(1);
    if (options.merge) this.end(this.stderr);
  }

  handle(frame: Frame): void {
    const { type, payload } = frame;
    if (type === FROM_AGENT.started) this.settleStarted();
    else if (type === FROM_AGENT.failed) this.fail(payload.toString());
    else if (type === FROM_AGENT.stdout) this.stdout.receive(payload);
    else if (type === FROM_AGENT.stderr) this.stderr.receive(payload);
    else if (type === FROM_AGENT.outputEnd) this.end(payload[0] === 1 ? this.stderr : this.stdout);
    else if (type === FROM_AGENT.exited) this.finish(exitOf(payload));
    else if (type === FROM_AGENT.stdinCredit) this.stdin.grant(payload.readUInt32LE(0));
    else if (type === FROM_AGENT.stdinGone) this.stdin.giveUp();
  }

  kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): void {
    this.options.send(TO_AGENT.kill, Buffer.from([constants.signals[signal]]));
  }

  /** The sandbox went away under it. */
  die(): void {
    this.settleStarted(sandboxDied());
    this.stdout.finish();
    this.stderr.finish();
    this.finish({ code: null, signal: null, sandboxDied: true });
  }

  private output(stream: 0 | 1): AgentOutput {
    const output: AgentOutput = new AgentOutput({
      grant: (bytes) => this.options.send(TO_AGENT.credit, encodeCredit(stream, bytes)),
      drop: () => {
        this.options.send(TO_AGENT.drop, Buffer.from([stream]));
        this.end(output);
      },
    });
    this.open.add(output);
    return output;
  }

  private fail(reason: string): void {
    this.settleStarted(spawnFailed(this.options.program, reason));
    this.stdout.finish();
    this.stderr.finish();
    this.finish({ code: null, signal: null, sandboxDied: false });
    this.options.forget();
  }

  private end(output: AgentOutput): void {
    output.finish();
    this.open.delete(output);
    this.forgetWhenOver();
  }

  private finish(exit: ProcessExit): void {
    this.exited = true;
    this.stdin.giveUp();
    this.resolveExit(exit);
    this.forgetWhenOver();
  }

  private forgetWhenOver(): void {
    if (this.exited && this.open.size === 0) this.options.forget();
  }
}

export function sandboxDied(): AssayError {
  return new AssayError('sandbox-died', 'the sandbox has ended', { class: 'infra', retryable: true });
}

export function spawnFailed(program: string, reason: string): AssayError {
  return new AssayError('sandbox-spawn-failed', `cannot start ${program}: ${reason}`, {
    class: 'infra',
    retryable: false,
  });
}

function exitOf(payload: Buffer): ProcessExit {
  const [bySignal = 0, number = 0] = payload;
  if (bySignal === 0) return { code: number, signal: null, sandboxDied: false };
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return { code: null, signal: name ?? `SIG${number}`, sandboxDied: false };
}
