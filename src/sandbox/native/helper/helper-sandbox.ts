/** A sandbox of the helper tier. */
import {
  AssayError,
  type LayerRef,
  type LimitsInForce,
  type Sandbox,
  type SandboxEnd,
  type SandboxProcess,
  type SandboxSpec,
  type SandboxUsage,
  type SpawnOptions,
} from '../../../contracts/index.ts';
import { demandForkCount } from '../../demand-fork-count.ts';
import { endOnceRemoved } from '../end-once-removed.ts';
import type { MemoryWatchdog } from '../memory-watchdog.ts';
import { killQuietly } from '../process-tree.ts';
import type { AgentConnection, Hello } from './agent-connection.ts';
import type { SandboxCgroup } from './sandbox-cgroup.ts';

export interface HelperSandboxOptions {
  spec: SandboxSpec;
  hello: Hello;
  connection: AgentConnection;
  limitsInForce: LimitsInForce;
  /** Variables that say where the way out is. */
  proxyEnv: Readonly<Record<string, string>>;
  cgroup: SandboxCgroup;
  /** Where no cgroup holds the memory. */
  watchdog: MemoryWatchdog | undefined;
  /** Resolves when the helper has removed all of it. */
  gone: Promise<void>;
  storeLayer(connection: AgentConnection): Promise<LayerRef>;
  fork(connection: AgentConnection, count: number): Promise<Sandbox[]>;
  onEnd(): Promise<void>;
}

/** An end that takes longer than this is forced. */
const PATIENCE_MS = 2000;

export class HelperSandbox implements Sandbox {
  readonly id: string;
  readonly backend = 'native';
  readonly tier = 'helper';
  readonly limitsInForce: LimitsInForce;
  readonly spec: SandboxSpec;
  readonly closed: Promise<SandboxEnd>;
  private readonly options: HelperSandboxOptions;
  private readonly wall: NodeJS.Timeout;
  private resolveClosed: (end: SandboxEnd) => void = () => {};
  private ending: Promise<void> | null = null;
  private paused = false;
  private forking: Promise<unknown> = Promise.resolve();

  constructor(options: HelperSandboxOptions) {
    this.options = options;
    this.id = options.hello.id;
    this.spec = options.spec;
    this.limitsInForce = options.limitsInForce;
    this.closed = new Promise((resolve) => {
      this.resolveClosed = resolve;
    });
    const { wallSeconds } = options.spec.limits;
    this.wall = setTimeout(
      () => void this.finish({ reason: 'wall-limit', message: `its ${wallSeconds} s are over` }),
      Math.min(wallSeconds * 1000, 2 ** 31 - 1),
    );
    this.wall.unref();
    void options.connection.closed.then(() =>
      this.finish({ reason: 'died', message: 'the first process of the sandbox ended' }),
    );
  }

  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<SandboxProcess> {
    this.demandAlive();
    const env = { ...this.options.proxyEnv, ...this.spec.env, ...options.env };
    return this.options.connection.spawn(argv, options.cwd ?? this.spec.workdir, env, options.stderr === 'merge');
  }

  async snapshot(): Promise<LayerRef> {
    this.demandAlive();
    const layer = await this.options.storeLayer(this.options.connection);
    await this.destroy();
    return layer;
  }

  async fork(count = 1): Promise<Sandbox[]> {
    demandForkCount(count);
    this.demandAlive();
    // One after the other: the next one freezes what the last one left.
    const forked = this.forking.then(() => this.options.fork(this.options.connection, count));
    this.forking = forked.catch(() => {}); // told to who asked
    return forked;
  }

  pause(): Promise<void> {
    return this.freeze(true);
  }

  resume(): Promise<void> {
    return this.freeze(false);
  }

  async usage(): Promise<SandboxUsage> {
    const measured = this.options.watchdog?.usage() ?? this.options.cgroup.usage();
    if (this.ending !== null || this.paused) return { ...measured, writtenBytes: null };
    const written = await this.options.connection.usedBytes().catch(() => Number.NaN); // it may end meanwhile
    return { ...measured, writtenBytes: Number.isFinite(written) ? written : null };
  }

  destroy(): Promise<void> {
    return this.finish({ reason: 'destroyed', message: 'destroyed' });
  }

  private async freeze(frozen: boolean): Promise<void> {
    this.demandAlive();
    if (!this.options.cgroup.canFreeze) {
      throw new AssayError('sandbox-unavailable', 'no cgroup can be made here, so a sandbox cannot be paused', {
        class: 'infra',
        retryable: false,
        hint: 'Run as root, or hand a cgroup to this user (`systemd-run --user --scope -p Delegate=yes`).',
      });
    }
    await this.options.cgroup.freeze(frozen);
    this.paused = frozen;
  }

  private demandAlive(): void {
    if (this.ending === null) return;
    throw new AssayError('sandbox-died', 'the sandbox has ended', { class: 'infra', retryable: true });
  }

  private finish(end: SandboxEnd): Promise<void> {
    this.ending ??= (async () => {
      clearTimeout(this.wall);
      this.options.watchdog?.stop();
      // What is frozen cannot end; where the cgroup is gone, so is what it froze.
      if (this.paused) await this.options.cgroup.freeze(false).catch(() => {});
      this.options.connection.close();
      const force = setTimeout(() => killQuietly(this.options.hello.pid, 'SIGKILL'), PATIENCE_MS);
      await Promise.all([this.options.gone, this.options.connection.closed]);
      clearTimeout(force);
      this.resolveClosed(await endOnceRemoved(end, this.options.onEnd));
    })();
    return this.ending;
  }
}
