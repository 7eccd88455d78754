/** A sandbox behind `assay serve`. */
import { z } from 'zod';
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
  sandboxUsageSchema,
} from '../../contracts/index.ts';
import { demandForkCount } from '../demand-fork-count.ts';
import {
  asSandboxSpec,
  GIVEN_INPUT_BYTES,
  IDEMPOTENCY_HEADER,
  type SandboxView,
  SESSION_KEY_HEADER,
  type SpawnRequest,
  sandboxListSchema,
  sandboxViewSchema,
  snapshotReplySchema,
} from './api.ts';
import { RemoteProcess } from './remote-process.ts';
import { makeClientId, type ServerClient, statusOf } from './server-client.ts';

const DESTROYED: SandboxEnd = { reason: 'destroyed', message: 'the sandbox was destroyed' };
/** Answers of a server to which the sandbox or its session key means nothing (any more). */
const UNKNOWN = new Set([401, 404, 410]);

/** Input of moderate length goes with the request to start. */
function asInput(stdin: NonNullable<SpawnOptions['stdin']>): Pick<SpawnRequest, 'stdin' | 'input'> {
  if (typeof stdin === 'string') return { stdin };
  if (stdin.length > GIVEN_INPUT_BYTES) return { stdin: 'open' };
  return { stdin: 'empty', input: Buffer.from(stdin).toString('base64') };
}

export interface RemoteSandboxOptions {
  client: ServerClient;
  /** Told about every sandbox that begins, forks too. */
  onBegin(sandbox: RemoteSandbox): void;
}

export class RemoteSandbox implements Sandbox {
  readonly id: string;
  readonly backend = 'remote';
  readonly tier: string;
  readonly limitsInForce: LimitsInForce;
  readonly spec: SandboxSpec;
  readonly closed: Promise<SandboxEnd>;
  private readonly options: RemoteSandboxOptions;
  private readonly path: string;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly finished: string[] = [];
  private tellEnd: (end: SandboxEnd) => void = () => {};

  constructor(view: SandboxView, options: RemoteSandboxOptions) {
    this.id = view.id;
    this.tier = view.tier;
    this.limitsInForce = view.limitsInForce;
    this.spec = asSandboxSpec(view.spec);
    this.options = options;
    this.path = `/v1/sandboxes/${view.id}`;
    this.headers = { [SESSION_KEY_HEADER]: view.sessionKey };
    this.closed = new Promise((resolve) => {
      this.tellEnd = resolve;
    });
    options.onBegin(this);
  }

  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<SandboxProcess> {
    const { env, stdin = 'open', ...rest } = options;
    const request = { argv: [...argv], ...rest, ...(env === undefined ? {} : { env: { ...env } }), ...asInput(stdin) };
    const { client } = this.options;
    const { path: sandboxPath, headers, finished } = this;
    return this.known(RemoteProcess.start(request, { client, sandboxPath, headers, finished }));
  }

  async snapshot(): Promise<LayerRef> {
    const { layer } = await this.known(this.once('/snapshot', undefined, snapshotReplySchema));
    this.end(DESTROYED);
    return layer;
  }

  async fork(count = 1): Promise<Sandbox[]> {
    demandForkCount(count);
    const { sandboxes } = await this.known(this.once('/fork', { count }, sandboxListSchema));
    return sandboxes.map((view) => new RemoteSandbox(view, this.options));
  }

  async pause(): Promise<void> {
    await this.known(this.options.client.json({ method: 'POST', path: `${this.path}/pause` }, z.object({})));
  }

  async resume(): Promise<void> {
    await this.known(this.options.client.json({ method: 'POST', path: `${this.path}/resume` }, z.object({})));
  }

  usage(): Promise<SandboxUsage> {
    const request = { method: 'GET', path: `${this.path}/usage`, headers: this.headers } as const;
    return this.known(this.options.client.json(request, sandboxUsageSchema));
  }

  async destroy(): Promise<void> {
    try {
      const { end } = await this.options.client.json({ method: 'DELETE', path: this.path }, sandboxViewSchema);
      this.end(end ?? DESTROYED);
    } catch (error) {
      if (!UNKNOWN.has(statusOf(error) ?? 0)) throw error;
      this.end(DESTROYED); // the server has none: gone already
    }
  }

  /** It is gone; said by the server, or by a server that does not know it. The first reason counts. */
  end(end: SandboxEnd): void {
    this.tellEnd(end);
  }

  private once<Schema extends z.ZodType>(path: string, json: unknown, schema: Schema): Promise<z.output<Schema>> {
    const request = {
      method: 'POST',
      path: this.path + path,
      headers: { [IDEMPOTENCY_HEADER]: makeClientId() },
    } as const;
    return this.options.client.json(json === undefined ? request : { ...request, json }, schema);
  }

  /** The same, where a server that does not know the sandbox is a sandbox that died. */
  private async known<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (!UNKNOWN.has(statusOf(error) ?? 0)) throw error;
      throw new AssayError('sandbox-died', 'the sandbox is gone', { class: 'infra', retryable: true, cause: error });
    }
  }
}
