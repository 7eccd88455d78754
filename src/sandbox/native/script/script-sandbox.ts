/** A sandbox of the tiers without the helper: one holder, one wrapped host process per spawn. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import {
  AssayError,
  type LayerRef,
  type LimitsInForce,
  type ProcessExit,
  type Sandbox,
  type SandboxEnd,
  type SandboxProcess,
  type SandboxSpec,
  type SandboxUsage,
  type SpawnOptions,
} from '../../../contracts/index.ts';
import { demandForkCount } from '../../demand-fork-count.ts';
import { forkByLayer } from '../../fork-by-layer.ts';
import { plainNetwork } from '../../plain-network.ts';
import { signalName } from '../../signal-name.ts';
import { endOnceRemoved } from '../end-once-removed.ts';
import { MemoryWatchdog } from '../memory-watchdog.ts';
import { killQuietly, processTree } from '../process-tree.ts';
import type { Holder } from './holder.ts';
import { type ScriptTier, STATUS_FD, wrapperCommand } from './spawn-wrapper.ts';

export interface ScriptSandboxOptions {
  id: string;
  tier: ScriptTier;
  spec: SandboxSpec;
  holder: Holder;
  limitsInForce: LimitsInForce;
  runFolder: string;
  /** File with the compiled system-call filter (bubblewrap). */
  filterFile: string;
  /** Read-only binds, for bubblewrap to make. */
  binds: readonly { source: string; target: string }[];
  /** Descriptors of this process that must not reach the sandbox. */
  inherited: readonly number[];
  uid?: number | undefined;
  /** Moves the frozen upper into the layer store. */
  storeLayer(holder: Holder): Promise<LayerRef>;
  create(spec: SandboxSpec): Promise<Sandbox>;
  onEnd(): Promise<void>;
}

export class ScriptSandbox implements Sandbox {
  readonly id: string;
  readonly backend = 'native';
  readonly tier: ScriptTier;
  readonly limitsInForce: LimitsInForce;
  readonly spec: SandboxSpec;
  readonly closed: Promise<SandboxEnd>;
  private readonly options: ScriptSandboxOptions;
  private readonly children = new Set<ChildProcess>();
  private readonly watchdog: MemoryWatchdog;
  private readonly wall: NodeJS.Timeout;
  private resolveClosed: (end: SandboxEnd) => void = () => {};
  private ending: Promise<void> | null = null;

  constructor(options: ScriptSandboxOptions) {
    this.options = options;
    this.id = options.id;
    this.tier = options.tier;
    this.spec = options.spec;
    this.limitsInForce = options.limitsInForce;
    this.closed = new Promise((resolve) => {
      this.resolveClosed = resolve;
    });
    this.watchdog = new MemoryWatchdog(options.spec.limits.memoryBytes, () =>
      [...this.children].flatMap((child) => (child.pid === undefined ? [] : processTree(child.pid))),
    );
    const wallMs = Math.min(options.spec.limits.wallSeconds * 1000, 2 ** 31 - 1);
    this.wall = setTimeout(
      () => void this.finish({ reason: 'wall-limit', message: `its ${options.spec.limits.wallSeconds} s are over` }),
      wallMs,
    );
    this.wall.unref();
    options.holder.ended.then(() =>
      this.finish({ reason: 'died', message: 'the process that held the sandbox ended' }),
    );
  }

  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<SandboxProcess> {
    if (this.ending !== null)
      throw new AssayError('sandbox-died', 'the sandbox has ended', { class: 'infra', retryable: true });
    const plan = {
      tier: this.tier,
      holder: this.options.holder.pid,
      runFolder: this.options.runFolder,
      binds: this.options.binds,
      inherited: this.options.inherited,
      cwd: options.cwd ?? this.spec.workdir,
      merge: options.stderr === 'merge',
      pids: this.spec.limits.pids,
      memoryBytes: this.spec.limits.memoryBytes,
      network: plainNetwork(this.spec.network, `${this.tier} tier`),
    };
    const [program = '', ...args] = wrapperCommand(plan, argv);
    const filter = this.tier === 'bubblewrap' ? openSync(this.options.filterFile, 'r') : 'ignore';
    const child = spawn(program, args, {
      env: { ...this.spec.env, ...options.env },
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe', filter],
      ...(this.options.uid === undefined ? {} : { uid: this.options.uid, gid: this.options.uid }),
    });
    if (typeof filter === 'number') closeSync(filter);
    this.children.add(child);
    const exit = new Promise<ProcessExit>((resolve) => {
      child.once('exit', (code, signal) => {
        this.children.delete(child);
        resolve(exitOf(code, signal, this.ending !== null));
      });
    });
    child.stdin?.on('error', () => {}); // writes after its end
    const [stdout, stderr] = [kept(child.stdout), kept(child.stderr)];
    await started(child, argv, stderr);
    return {
      stdin: child.stdin ?? new PassThrough(),
      stdout,
      stderr,
      exit,
      kill: (signal) => this.kill(child, signal),
    };
  }

  async snapshot(): Promise<LayerRef> {
    await this.killChildren();
    const layer = await this.options.storeLayer(this.options.holder);
    await this.destroy();
    return layer;
  }

  async fork(count = 1): Promise<Sandbox[]> {
    demandForkCount(count);
    await this.killChildren();
    const { storeLayer, create, holder } = this.options;
    return forkByLayer({ parent: this, count, storeLayer: () => storeLayer(holder), create });
  }

  async pause(): Promise<void> {
    throw noFreezer();
  }

  async resume(): Promise<void> {
    throw noFreezer();
  }

  async usage(): Promise<SandboxUsage> {
    const written = this.ending === null ? Number(await this.options.holder.ask('usage')) : Number.NaN;
    return {
      ...this.watchdog.usage(),
      writtenBytes: Number.isFinite(written) ? written : null,
    };
  }

  destroy(): Promise<void> {
    return this.finish({ reason: 'destroyed', message: 'destroyed' });
  }

  private finish(end: SandboxEnd): Promise<void> {
    this.ending ??= (async () => {
      this.watchdog.stop();
      clearTimeout(this.wall);
      await this.killChildren();
      await this.options.holder.end();
      rmSync(this.options.runFolder, { recursive: true, force: true });
      this.resolveClosed(await endOnceRemoved(end, this.options.onEnd));
    })();
    return this.ending;
  }

  private async killChildren(): Promise<void> {
    const exits = [...this.children].map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of this.children) this.kill(child, 'SIGKILL');
    await Promise.all(exits);
  }

  /** Ending the wrapper ends its pid namespace, and so every descendant, wherever it hid. It goes first: `unshare` that outlives its child by a moment ends with 1 instead of the signal. */
  private kill(child: ChildProcess, signal: NodeJS.Signals): void {
    if (child.pid === undefined) return;
    const tree = processTree(child.pid);
    if (signal === 'SIGKILL') for (const pid of tree) killQuietly(pid, 'SIGKILL');
    else for (const pid of programGroup(tree)) killQuietly(pid, signal);
  }
}

/** Processes of the tree beyond the wrapper (nsenter or bwrap, and its init): what a polite signal is meant for. */
function programGroup(tree: readonly number[]): readonly number[] {
  return tree.slice(2);
}

/** Node throws away what nobody reads when a child ends, and a short program ends before its caller has it. */
function kept(stream: Readable | null): Readable {
  return stream === null ? Readable.from([]) : stream.pipe(new PassThrough());
}

/** Resolves once the program runs; throws `sandbox-spawn-failed` with the reason. */
async function started(child: ChildProcess, argv: readonly string[], stderr: Readable): Promise<void> {
  const status = child.stdio[STATUS_FD] as Readable;
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    child.once('error', (cause) => reject(spawnFailed(argv, cause.message)));
    status.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (chunk[0] === 1) resolve();
    });
    status.once('end', resolve);
    status.once('error', reject);
  });
  status.destroy();
  const message = Buffer.concat(chunks);
  if (message[0] === 1) return;
  const wrapper = (stderr.read() as Buffer | null)?.toString() ?? '';
  throw spawnFailed(argv, message.toString() || wrapper.trim() || 'the wrapper ended early');
}

function spawnFailed(argv: readonly string[], reason: string): AssayError {
  return new AssayError('sandbox-spawn-failed', `cannot start ${argv[0] ?? ''}: ${reason}`, {
    class: 'infra',
    retryable: false,
  });
}

function exitOf(code: number | null, signal: NodeJS.Signals | null, sandboxDied: boolean): ProcessExit {
  // bubblewrap and unshare tell a signal of the program as 128 + number.
  if (code !== null && code > 128 && code <= 128 + 64)
    return { code: null, signal: signalName(code - 128), sandboxDied };
  return { code, signal, sandboxDied };
}

function noFreezer(): AssayError {
  return new AssayError('sandbox-unavailable', 'this tier cannot pause a sandbox', {
    class: 'infra',
    hint: 'Use the helper tier; `assay doctor` says how to get it when it is not there.',
  });
}
