/** A sandbox in a container: everything goes through the one connection to its agent, only its life and its layers through the engine. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AssayError, type SandboxEnd, type SandboxUsage } from '../../contracts/index.ts';
import { AgentSandbox, type AgentSandboxOptions } from './agent-sandbox.ts';
import type { Container } from './container.ts';

export interface DockerSandboxOptions extends AgentSandboxOptions {
  container: Container;
}

/** Between two looks at the size of the writable layer. The engine walks all files for it, so not often. */
const DISK_WATCH_MS = 5_000;

export class DockerSandbox extends AgentSandbox {
  readonly backend = 'docker';
  readonly tier = 'agent';
  private readonly container: Container;
  private readonly watch = new AbortController();

  constructor(options: DockerSandboxOptions) {
    super(options);
    this.container = options.container;
    options.agent.ended.then((reason) => this.endBy({ reason: 'died', message: `the container ended: ${reason}` }));
    void this.watchDisk();
  }

  async pause(): Promise<void> {
    await this.container.pause().catch(noFreezer);
  }

  async resume(): Promise<void> {
    await this.container.unpause().catch(noFreezer);
  }

  protected async measure(): Promise<SandboxUsage> {
    const [stats, writtenBytes] = await Promise.all([this.container.stats(), this.container.writtenBytes()]);
    return { ...stats, oomKills: null, writtenBytes };
  }

  protected async tearDown(end: SandboxEnd): Promise<void> {
    this.watch.abort();
    // Nothing runs any more. The engine removes such a container itself, and may be just restarting.
    if (end.reason === 'died') this.resolveClosed(end);
    try {
      await this.container.remove();
    } catch (error) {
      if (end.reason !== 'died' || !isUnavailable(error)) throw error;
    }
  }

  /** A single file is held by a limit of the kernel; the sum of all by looking now and then. */
  private async watchDisk(): Promise<void> {
    const { diskBytes } = this.spec.limits;
    while (this.isAlive) {
      await sleep(DISK_WATCH_MS, undefined, { ref: false, signal: this.watch.signal }).catch(() => {});
      if (!this.isAlive) return;
      const written = await this.container.writtenBytes().catch(() => null); // a restarting engine: the next look tells
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
