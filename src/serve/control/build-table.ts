/** Builds of images that go on, and how the last ones ended. */
import { randomBytes } from 'node:crypto';
import { toFailure } from '../../contracts/index.ts';
import { busy, notFound } from '../http/http-problem.ts';

/** In the words of the OpenHands clients. */
export type BuildStatus = 'RUNNING' | 'SUCCESS' | 'FAILURE' | 'TIMEOUT' | 'CANCELLED';

export interface Build {
  readonly owner: string;
  /** The name it will have. */
  readonly image: string;
  status: BuildStatus;
  /** Why it failed. */
  error: string | undefined;
  /** By the clock of `performance.now()`. */
  endedAt: number | undefined;
}

export interface BuildTableOptions {
  /** Builds of all keys together that go on at the same time. */
  atOnce: number;
  timeoutMs: number;
}

const KEEP_MS = 3_600_000;
/** Clients send again after half a minute. */
const RETRY_SECONDS = 30;

export class BuildTable {
  private readonly options: BuildTableOptions;
  private readonly builds = new Map<string, Build>();
  private readonly stopped = new AbortController();

  constructor(options: BuildTableOptions) {
    this.options = options;
  }

  /** Begins a build, and gives the id to ask for it. Throws 429 while too many go on. */
  begin(owner: string, image: string, work: (signal: AbortSignal) => Promise<void>): string {
    this.sweep(performance.now());
    const running = [...this.builds.values()].filter(({ status }) => status === 'RUNNING').length;
    if (running >= this.options.atOnce) throw busy(`${running} images are being built`, RETRY_SECONDS);
    const id = randomBytes(16).toString('hex');
    const build: Build = { owner, image, status: 'RUNNING', error: undefined, endedAt: undefined };
    this.builds.set(id, build);
    void this.carryOut(build, work);
    return id;
  }

  /** Throws 404 for a build that is not the key's. */
  find(owner: string, id: string): Build {
    const build = this.builds.get(id);
    if (build === undefined || build.owner !== owner) throw notFound('build');
    return build;
  }

  /** Ends all builds. */
  close(): void {
    this.stopped.abort();
  }

  /** Never rejects. */
  private async carryOut(build: Build, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const timeout = AbortSignal.timeout(this.options.timeoutMs);
    try {
      await work(AbortSignal.any([this.stopped.signal, timeout]));
      build.status = 'SUCCESS';
    } catch (error) {
      build.status = this.stopped.signal.aborted ? 'CANCELLED' : timeout.aborted ? 'TIMEOUT' : 'FAILURE';
      build.error = toFailure(error).message;
    } finally {
      build.endedAt = performance.now();
    }
  }

  private sweep(now: number): void {
    for (const [id, { endedAt }] of this.builds)
      if (endedAt !== undefined && now - endedAt > KEEP_MS) this.builds.delete(id);
  }
}
