/** A sandbox whose processes all hang on one connection to an agent inside: what containers and pods have in common. Its life is its backend's. */
import type {
  LayerRef,
  LimitsInForce,
  Sandbox,
  SandboxEnd,
  SandboxProcess,
  SandboxSpec,
  SandboxUsage,
  SpawnOptions,
} from '../../contracts/index.ts';
import { demandForkCount } from '../demand-fork-count.ts';
import { forkByLayer } from '../fork-by-layer.ts';
import type { AgentConnection } from './agent-connection.ts';
import { sandboxDied } from './agent-process.ts';

export interface AgentSandboxOptions {
  id: string;
  spec: SandboxSpec;
  limitsInForce: LimitsInForce;
  agent: AgentConnection;
  /** Makes a layer of the files as they are; nothing runs any more. */
  storeLayer(): Promise<LayerRef>;
  create(spec: SandboxSpec): Promise<Sandbox>;
  onEnd(): void;
}

export abstract class AgentSandbox implements Sandbox {
  abstract readonly backend: string;
  abstract readonly tier: string;
  readonly id: string;
  readonly limitsInForce: LimitsInForce;
  readonly spec: SandboxSpec;
  readonly closed: Promise<SandboxEnd>;
  /** Tells all who wait that it is gone. */
  protected resolveClosed: (end: SandboxEnd) => void = () => {};
  private readonly base: AgentSandboxOptions;
  private readonly wall: NodeJS.Timeout;
  private ending: Promise<void> | null = null;
  private lastUsage: SandboxUsage = {
    peakMemoryBytes: null,
    cpuSeconds: null,
    oomKills: null,
    throttledSeconds: null,
    writtenBytes: null,
  };

  constructor(options: AgentSandboxOptions) {
    this.base = options;
    this.id = options.id;
    this.spec = options.spec;
    this.limitsInForce = options.limitsInForce;
    this.closed = new Promise((resolve) => {
      this.resolveClosed = resolve;
    });
    const { wallSeconds } = options.spec.limits;
    this.wall = setTimeout(
      () => this.endBy({ reason: 'wall-limit', message: `its ${wallSeconds} s are over` }),
      Math.min(wallSeconds * 1000, 2 ** 31 - 1),
    );
    this.wall.unref();
  }

  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<SandboxProcess> {
    this.demandAlive();
    return this.base.agent.spawn({
      argv,
      cwd: options.cwd ?? this.spec.workdir,
      env: { ...this.spec.env, ...options.env },
      merge: options.stderr === 'merge',
    });
  }

  async snapshot(): Promise<LayerRef> {
    this.demandAlive();
    await this.base.agent.killAll();
    const layer = await this.base.storeLayer();
    await this.destroy();
    return layer;
  }

  async fork(count = 1): Promise<Sandbox[]> {
    demandForkCount(count);
    this.demandAlive();
    await this.base.agent.killAll();
    const { storeLayer, create } = this.base;
    return forkByLayer({ parent: this, count, storeLayer, create });
  }

  abstract pause(): Promise<void>;
  abstract resume(): Promise<void>;

  async usage(): Promise<SandboxUsage> {
    if (this.isAlive) this.lastUsage = (await this.measure()) ?? this.lastUsage;
    return this.lastUsage;
  }

  destroy(): Promise<void> {
    return this.finish({ reason: 'destroyed', message: 'destroyed' });
  }

  protected get isAlive(): boolean {
    return this.ending === null;
  }

  /** An end that nobody asked for: when the backend cannot remove it now, its owner's `destroy` tells, or a later clean-up does it. */
  protected endBy(end: SandboxEnd): void {
    this.finish(end).catch(() => {});
  }

  /** Undefined when nothing can be measured now. */
  protected abstract measure(): Promise<SandboxUsage | undefined>;

  /** Removes what it runs in. Called once. */
  protected abstract tearDown(end: SandboxEnd): Promise<void>;

  private demandAlive(): void {
    if (!this.isAlive) throw sandboxDied();
  }

  private finish(end: SandboxEnd): Promise<void> {
    this.ending ??= (async () => {
      clearTimeout(this.wall);
      try {
        await this.tearDown(end);
      } finally {
        this.base.agent.close();
        this.base.onEnd();
        this.resolveClosed(end);
      }
    })();
    return this.ending;
  }
}
