/** A sandbox in a container: everything goes through the one connection to its agent, only its life and its layers through the engine. */
import { setTimeout as sleep } from 'node:timers/promises';
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
} from '../../contracts/index.ts';
import { demandForkCount } from '../demand-fork-count.ts';
import { forkByLayer } from '../fork-by-layer.ts';
import type { AgentConnection } from './agent-connection.ts';
import { sandboxDied } from './agent-process.ts';
import type { Container } from './container.ts';

export interface DockerSandboxOptions {
  id: string;
  spec: SandboxSpec;
  limitsInForce: LimitsInForce;
  container: Container;
  agent: AgentConnection;
  /** Makes a layer of the container's file state. */
  storeLayer(): Promise<LayerRef>;
  create(spec: SandboxSpec): Promise<Sandbox>;
  onEnd(): void;
}

/** Between two looks at the size of the writable layer. The engine walks all files for it, so not often. */
const DISK_WATCH_MS = 5_000;

export class DockerSandbox implements Sandbox {
  readonly id: string;
  readonly backend = 'docker';
  readonly tier = 'agent';
  readonly limitsInForce: LimitsInForce;
  readonly spec: SandboxSpec;
  readonly closed: Promise<SandboxEnd>;
  private readonly options: DockerSandboxOptions;
  private readonly wall: NodeJS.Timeout;
  private readonly watch = new AbortController();
  private resolveClosed: (end: SandboxEnd) => void = () => {};
  private ending: Promise<void> | null = null;
  private lastUsage: SandboxUsage = {
    peakMemoryBytes: null,
    cpuSeconds: null,
    oomKills: null,
    throttledSeconds: null,
    writtenBytes: null,
  };

  constructor(options: DockerSandboxOptions) {
    this.options = options;
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
    options.agent.ended.then((reason) => this.endBy({ reason: 'died', message: `the container ended: ${reason}` }));
    void this.watchDisk();
  }

  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<SandboxProcess> {
    if (this.ending !== null) throw sandboxDied();
    return this.options.agent.spawn({
      argv,
      cwd: options.cwd ?? this.spec.workdir,
      env: { ...this.spec.env, ...options.env },
      merge: options.stderr === 'merge',
    });
  }

  async snapshot(): Promise<LayerRef> {
    if (this.ending !== null) throw sandboxDied();
    await this.options.agent.killAll();
    const layer = await this.options.storeLayer();
    await this.destroy();
    return layer;
  }

  async fork(count = 1): Promise<Sandbox[]> {
    demandForkCount(count);
    if (this.ending !== null) throw sandboxDied();
    await this.options.agent.killAll();
    const { storeLayer, create } = this.options;
    return forkByLayer({ parent: this, count, storeLayer, create });
  }

  async pause(): Promise<void> {
    await this.options.container.pause().catch(noFreezer);
  }

  async resume(): Promise<void> {
    await this.options.container.unpause().catch(noFreezer);
  }

  async usage(): Promise<SandboxUsage> {
    if (this.ending !== null) return this.lastUsage;
    const [stats, writtenBytes] = await Promise.all([
      this.options.container.stats(),
      this.options.container.writtenBytes(),
    ]);
    this.lastUsage = { ...stats, oomKills: null, writtenBytes };
    return this.lastUsage;
  }

  destroy(): Promise<void> {
    return this.finish({ reason: 'destroyed', message: 'destroyed' });
  }

  /** An end that nobody asked for: when the engine does not remove the container now, its owner's `destroy` or a later `gc` tells. */
  private endBy(end: SandboxEnd): void {
    this.finish(end).catch(() => {});
  }

  private finish(end: SandboxEnd): Promise<void> {
    this.ending ??= (async () => {
      clearTimeout(this.wall);
      this.watch.abort();
      // Nothing runs any more. The engine removes such a container itself, and may be just restarting.
      if (end.reason === 'died') this.resolveClosed(end);
      try {
        await this.options.container.remove();
      } catch (error) {
        if (end.reason !== 'died' || !isUnavailable(error)) throw error;
      } finally {
        this.options.agent.close();
        this.options.onEnd();
        this.resolveClosed(end);
      }
    })();
    return this.ending;
  }

  /** A single file is held by a limit of the kernel; the sum of all by looking now and then. */
  private async watchDisk(): Promise<void> {
    const { diskBytes } = this.spec.limits;
    while (this.ending === null) {
      await sleep(DISK_WATCH_MS, undefined, { ref: false, signal: this.watch.signal }).catch(() => {});
      if (this.ending !== null) return;
      const written = await this.options.container.writtenBytes().catch(() => null); // a restarting engine: the next look tells
      if (written === null || written <= diskBytes) continue;
      this.endBy({ reason: 'disk-limit', message: `it wrote ${written} of ${diskBytes} bytes` });
    }
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof AssayError && error.code === 'sandbox-unavailable';
}

function noFreezer(cause: unknown): never {
  throw new AssayError('sandbox-unavailable', `the engine cannot pause this container: ${(cause as Error).message}`, {
    class: 'infra',
    retryable: false,
    cause,
  });
}
