/** A sandbox with everything the server knows of it. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { digestOf } from '../../base/digest.ts';
import {
  AssayError,
  type Sandbox,
  type SandboxEnd,
  type SandboxSpec,
  type SpawnOptions,
} from '../../contracts/index.ts';
import type { SandboxView, SpawnOrder } from '../../sandbox/remote/api.ts';
import { ActionDesk } from '../data/action-desk.ts';
import type { HeldBytes } from '../data/held-bytes.ts';
import { HostedProcess } from '../data/hosted-process.ts';
import { busy, notFound, refuse } from '../http/http-problem.ts';

/** Connections into one sandbox at the same time: of those who have its key, and of those who ask for its health without one. */
const MAX_CONNECTIONS = { named: 64, unnamed: 4 };
const CONNECTION_RETRY_SECONDS = 1;
/** Processes of one sandbox that were not let go of, and ids that were ever used. */
const MAX_PROCESSES = 1_000;
const MAX_IDS = 100_000;
const PROCESS_RETRY_SECONDS = 5;

interface ProcessSlot {
  digest: string;
  /** Null once the client released it: its id stays taken, so that a late copy of the request starts nothing. */
  process: Promise<HostedProcess> | null;
}

export interface HostedSandboxFacts {
  /** Id of the account key it belongs to. */
  owner: string;
  /** Of the request: a sandbox that was made ahead has others. */
  asked: Pick<SandboxSpec, 'limits' | 'labels'>;
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
  readonly actions: ActionDesk;
  /** Resolves when it is gone. */
  readonly closed: Promise<SandboxEnd>;
  /** Set when it is gone. */
  end: SandboxEnd | undefined;
  /** When it ended, by the clock of `performance.now()`. */
  endedAt: number | undefined;
  private readonly slots = new Map<string, ProcessSlot>();
  private unreleased = 0;
  private readonly held: HeldBytes;
  private frozen: 'no' | 'asked' | 'idle' = 'no';
  private isLocked = false;
  private isEnding = false;
  private usedAt = performance.now();
  private requests = 0;
  private readonly connections = { named: 0, unnamed: 0 };

  /** `held`: output that is held for its owner. */
  constructor(sandbox: Sandbox, facts: HostedSandboxFacts, held: HeldBytes) {
    this.sandbox = sandbox;
    this.actions = new ActionDesk(sandbox);
    this.held = held;
    this.facts = facts;
    const { wallSeconds } = facts.asked.limits;
    const overdue = endAfter(sandbox, wallSeconds);
    this.closed = sandbox.closed.then((end) => {
      this.end = overdue() ? { reason: 'wall-limit', message: `its ${wallSeconds} s are over` } : end;
      this.endedAt = performance.now();
      return this.end;
    });
  }

  get view(): SandboxView {
    const { id, sessionKey, createdAt, sandbox, facts, end } = this;
    const { backend, tier, limitsInForce, spec } = sandbox;
    const { limits, labels } = facts.asked;
    const network = typeof spec.network === 'string' ? spec.network : { allow: [...spec.network.allow] };
    return {
      id,
      sessionKey,
      createdAt,
      backend,
      tier,
      limitsInForce,
      spec: { ...spec, layers: [...spec.layers], network, limits, labels: { ...labels } },
      status: end !== undefined ? 'ended' : this.frozen === 'no' ? 'running' : 'paused',
      ...(facts.sessionId === undefined ? {} : { sessionId: facts.sessionId }),
      ...(end === undefined ? {} : { end }),
    };
  }

  /** Nobody opens it any more, and it ends. */
  async lock(): Promise<void> {
    this.isLocked = true;
    if (this.end === undefined) await this.sandbox.destroy();
  }

  /** Carries out what ends it on purpose: processes that are killed by that died with their sandbox. */
  async ending<T>(act: () => Promise<T>): Promise<T> {
    this.isEnding = true;
    try {
      return await act();
    } catch (error) {
      this.isEnding = false;
      throw error;
    }
  }

  /** Compares in constant time. */
  opensWith(sessionKey: string): boolean {
    if (this.isLocked) return false;
    const digest = (text: string) => createHash('sha256').update(text).digest();
    return timingSafeEqual(digest(sessionKey), digest(this.sessionKey));
  }

  /** Marks a request to the data plane until it is answered; thaws what was frozen for idleness. */
  async serve<T>(answer: () => Promise<T>): Promise<T> {
    this.usedAt = performance.now();
    this.requests++;
    try {
      if (this.frozen === 'idle') await this.resume();
      return await answer();
    } finally {
      this.requests--;
      this.usedAt = performance.now();
    }
  }

  /** Carries out what needs a connection to a server inside. Throws 429 when there are too many. */
  async connected<T>(act: () => Promise<T>, who: 'named' | 'unnamed'): Promise<T> {
    const most = MAX_CONNECTIONS[who];
    if (this.connections[who] >= most)
      throw busy(`${most} such connections lead into this sandbox already`, CONNECTION_RETRY_SECONDS);
    this.connections[who]++;
    try {
      return await act();
    } finally {
      this.connections[who]--;
    }
  }

  /** Nobody has asked anything of it for so long, and nobody listens to it. */
  isForgotten(now: number, seconds: number): boolean {
    return this.end === undefined && this.requests === 0 && now - this.usedAt > seconds * 1000;
  }

  /**
   * Starts a process under the client's id, or finds the one that this id started. Throws 409 when the id started something else, 410 when it was released, and what
   * `Sandbox.spawn` throws.
   */
  async spawn(processId: string, request: SpawnOrder): Promise<HostedProcess> {
    const { argv, cwd, env, stderr, stdin, input, release = [] } = request;
    for (const id of release) await this.release(id).catch(() => {}); // unknown, or gone already
    const digest = digestOf({ argv, cwd, env, stderr, stdin, input });
    const before = this.slots.get(processId);
    if (before !== undefined) {
      if (before.digest !== digest) throw refuse(409, 'this id started another process');
      return before.process ?? Promise.reject(refuse(410, 'this process was released'));
    }
    this.demandRunning();
    if (this.unreleased >= MAX_PROCESSES || this.slots.size >= MAX_IDS)
      throw busy('too many processes of this sandbox were not let go of', PROCESS_RETRY_SECONDS);
    const options: SpawnOptions = {
      stderr,
      stdin,
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
    };
    const given = { bytes: Buffer.from(input ?? '', 'base64'), last: stdin === 'empty' };
    const started = this.sandbox.spawn(argv, options).then((child) => {
      const exit = child.exit.then((end) => (this.isEnding ? { ...end, sandboxDied: true } : end));
      const { stdin: input, stdout, stderr: errors } = child;
      const process = { stdin: input, stdout, stderr: errors, exit, kill: child.kill.bind(child) };
      return new HostedProcess(process, this.held, given);
    });
    this.slots.set(processId, { digest, process: started });
    this.unreleased++;
    return started;
  }

  /** Throws 404 for an id that started nothing, 410 for one that was released. */
  async process(processId: string): Promise<HostedProcess> {
    const slot = this.slots.get(processId);
    if (slot === undefined) throw notFound('process');
    if (slot.process === null) throw refuse(410, 'this process was released');
    return slot.process;
  }

  /** False for an id that started nothing too. */
  async hasExited(processId: string): Promise<boolean> {
    const process = await this.slots.get(processId)?.process?.catch(() => null); // what could not be started was told to who asked
    return process != null && process.exit !== null;
  }

  /** The client wants nothing more of this process. Idempotent. */
  async release(processId: string): Promise<void> {
    const slot = this.slots.get(processId);
    if (slot === undefined) throw notFound('process');
    const { process } = slot;
    if (process === null) return;
    slot.process = null;
    this.unreleased--;
    (await process.catch(() => null))?.release(); // what did not start holds nothing
  }

  /** Lets go of all output that nobody has read yet. */
  async releaseAll(): Promise<void> {
    for (const processId of this.slots.keys()) await this.release(processId);
  }

  /** Throws 409 while it is frozen because its owner asked for that: what needs its processes would wait without an end. */
  demandRunning(): void {
    if (this.frozen === 'asked') throw refuse(409, 'the sandbox is paused: resume it first');
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
    if (this.requests > 0) return true;
    const slots = [...this.slots.values()].flatMap(({ process }) => (process === null ? [] : [process]));
    const processes = await Promise.allSettled(slots);
    return processes.some((one) => one.status === 'fulfilled' && one.value.exit === null);
  }
}

/** A sandbox that was made ahead would live longer than it may. Tells whether it was ended for that. */
function endAfter(sandbox: Sandbox, wallSeconds: number): () => boolean {
  if (sandbox.spec.limits.wallSeconds <= wallSeconds) return () => false;
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    sandbox.destroy().catch(() => {}); // `closed` tells
  }, wallSeconds * 1000);
  void sandbox.closed.then(() => clearTimeout(timer));
  return () => isOver;
}
