/** A sandbox with everything the server knows of it. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { digestOf } from '../../base/digest.ts';
import { AssayError, type Sandbox, type SandboxEnd, type SpawnOptions } from '../../contracts/index.ts';
import { type SandboxView, type SpawnRequest, spawnRequestSchema } from '../../sandbox/remote/api.ts';
import { HostedProcess } from '../data/hosted-process.ts';
import { notFound, refuse } from '../http/http-problem.ts';

interface ProcessSlot {
  digest: string;
  /** Null once the client released it: its id stays taken, so that a late copy of the request starts nothing. */
  process: Promise<HostedProcess> | null;
}

export interface HostedSandboxFacts {
  /** Id of the account key it belongs to. */
  owner: string;
  sessionId?: string | undefined;
  leaseId?: string | undefined;
  idlePauseSeconds?: number | undefined;
}

export class HostedSandbox {
  readonly id = randomBytes(16).toString('hex');
  readonly sessionKey = randomBytes(32).toString('base64url');
  readonly createdAt = new Date().toISOString();
  readonly sandbox: Sandbox;
  readonly facts: HostedSandboxFacts;
  /** Set when it is gone. */
  end: SandboxEnd | undefined;
  /** Epoch milliseconds of its end. */
  endedAt: number | undefined;
  private readonly slots = new Map<string, ProcessSlot>();
  private frozen: 'no' | 'asked' | 'idle' = 'no';
  private usedAt = Date.now();

  constructor(sandbox: Sandbox, facts: HostedSandboxFacts) {
    this.sandbox = sandbox;
    this.facts = facts;
    void sandbox.closed.then((end) => {
      this.end = end;
      this.endedAt = Date.now();
    });
  }

  get view(): SandboxView {
    const { id, sessionKey, createdAt, sandbox, facts, end } = this;
    const { backend, tier, limitsInForce, spec } = sandbox;
    const network = typeof spec.network === 'string' ? spec.network : { allow: [...spec.network.allow] };
    return {
      id,
      sessionKey,
      createdAt,
      backend,
      tier,
      limitsInForce,
      spec: { ...spec, layers: [...spec.layers], network },
      status: end !== undefined ? 'ended' : this.frozen === 'no' ? 'running' : 'paused',
      ...(facts.sessionId === undefined ? {} : { sessionId: facts.sessionId }),
      ...(end === undefined ? {} : { end }),
    };
  }

  /** Compares in constant time. */
  opensWith(sessionKey: string): boolean {
    const digest = (text: string) => createHash('sha256').update(text).digest();
    return timingSafeEqual(digest(sessionKey), digest(this.sessionKey));
  }

  /** Marks a request to the data plane; thaws what was frozen for idleness. */
  async touch(): Promise<void> {
    this.usedAt = Date.now();
    if (this.frozen === 'idle') await this.resume();
  }

  /**
   * Starts a process under the client's id, or finds the one that this id started. Throws 409 when the id started something else, 410 when it was released, and what
   * `Sandbox.spawn` throws.
   */
  async spawn(processId: string, request: SpawnRequest): Promise<HostedProcess> {
    const { argv, cwd, env, stderr } = spawnRequestSchema.parse(request);
    const digest = digestOf({ argv, cwd, env, stderr });
    const before = this.slots.get(processId);
    if (before !== undefined) {
      if (before.digest !== digest) throw refuse(409, 'this id started another process');
      return before.process ?? Promise.reject(refuse(410, 'this process was released'));
    }
    const options: SpawnOptions = {
      stderr,
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
    };
    const started = this.sandbox.spawn(argv, options).then((child) => new HostedProcess(child));
    this.slots.set(processId, { digest, process: started });
    return started;
  }

  /** Throws 404 for an id that started nothing, 410 for one that was released. */
  async process(processId: string): Promise<HostedProcess> {
    const slot = this.slots.get(processId);
    if (slot === undefined) throw notFound('process');
    if (slot.process === null) throw refuse(410, 'this process was released');
    return slot.process;
  }

  /** The client wants nothing more of this process. Idempotent. */
  async release(processId: string): Promise<void> {
    const slot = this.slots.get(processId);
    if (slot === undefined) throw notFound('process');
    const process = await slot.process?.catch(() => null); // what did not start holds nothing
    process?.release();
    slot.process = null;
  }

  async pause(): Promise<void> {
    await this.sandbox.pause();
    this.frozen = 'asked';
  }

  async resume(): Promise<void> {
    await this.sandbox.resume();
    this.frozen = 'no';
  }

  /** Freezes it when it is idle for longer than its owner wants to pay for. Where there is no freezer it stays as it is. */
  async pauseIfIdle(now: number): Promise<void> {
    const { idlePauseSeconds } = this.facts;
    if (idlePauseSeconds === undefined || this.frozen !== 'no' || this.end !== undefined) return;
    if (now - this.usedAt < idlePauseSeconds * 1000 || (await this.isBusy())) return;
    try {
      await this.sandbox.pause();
      this.frozen = 'idle';
    } catch (error) {
      if (!(error instanceof AssayError && ['sandbox-unavailable', 'sandbox-died'].includes(error.code))) throw error;
    }
  }

  private async isBusy(): Promise<boolean> {
    const slots = [...this.slots.values()].flatMap(({ process }) => (process === null ? [] : [process]));
    const processes = await Promise.allSettled(slots);
    return processes.some((one) => one.status === 'fulfilled' && one.value.exit === null);
  }
}
