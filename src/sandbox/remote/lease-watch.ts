/** The life of this client at the server: heartbeats, and news of sandboxes that ended. */
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { SandboxEnd } from '../../contracts/index.ts';
import { leaseEventSchema, sandboxListSchema } from './api.ts';
import { linesOf } from './lines-of.ts';
import type { RemoteSandbox } from './remote-sandbox.ts';
import { makeClientId, type ServerClient, statusOf } from './server-client.ts';

const LEASE_SECONDS = 60;
const HEARTBEAT_MS = 15_000;
const PAUSE_MS = 500;
const MAX_EARLY = 10_000;

export class LeaseWatch {
  readonly id = makeClientId();
  private readonly client: ServerClient;
  private readonly sandboxes = new Map<string, RemoteSandbox>();
  /** Ends that were told before the reply that names the sandbox; the oldest are forgotten first. */
  private readonly early = new Map<string, SandboxEnd>();
  private readonly stopped = new AbortController();
  private beginning: Promise<void> | undefined;
  private watching: Promise<unknown> = Promise.resolve();

  constructor(client: ServerClient) {
    this.client = client;
  }

  /** Makes the lease before the first sandbox. Throws when the server cannot be reached or refuses the key. */
  begin(): Promise<void> {
    this.beginning ??= this.renew().then(
      () => {
        this.watching = Promise.all([this.beat(), this.watch()]);
      },
      (error) => {
        this.beginning = undefined;
        throw error;
      },
    );
    return this.beginning;
  }

  /** Its end will be told to the sandbox. */
  add(sandbox: RemoteSandbox): void {
    this.sandboxes.set(sandbox.id, sandbox);
    void sandbox.closed.then(() => this.sandboxes.delete(sandbox.id));
    const end = this.early.get(sandbox.id);
    if (end !== undefined) sandbox.end(end);
  }

  /** Prolongs the lease; makes it again where the server has forgotten it. */
  async renew(): Promise<void> {
    const request = { method: 'PUT', path: this.path, json: { seconds: LEASE_SECONDS } } as const;
    await this.client.json(request, z.object({}));
  }

  /** Ends the lease and with it all sandboxes; resolves when they are gone. */
  async close(): Promise<void> {
    this.stopped.abort();
    if (this.beginning === undefined) return;
    await this.watching;
    try {
      await this.client.json({ method: 'DELETE', path: this.path }, z.object({}));
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
    for (const sandbox of this.sandboxes.values())
      sandbox.end({ reason: 'destroyed', message: 'the backend was closed' });
  }

  private get path(): string {
    return `/v1/leases/${this.id}`;
  }

  private async beat(): Promise<void> {
    while (await this.pause(HEARTBEAT_MS)) await this.renew().catch((error) => this.lose(error));
  }

  /** Follows the ends that the server tells; after every cut, asks which sandboxes are left. */
  private async watch(): Promise<void> {
    const { signal } = this.stopped;
    do {
      try {
        const response = await this.client.open({ method: 'GET', path: `${this.path}/ends`, signal });
        await this.reconcile();
        await this.read(response);
      } catch (error) {
        if (signal.aborted) return;
        if (statusOf(error) === 404) await this.renew().catch((lost) => this.lose(lost));
        else this.lose(error);
      }
    } while (await this.pause(PAUSE_MS));
  }

  /** Until the connection ends. */
  private async read(response: IncomingMessage): Promise<void> {
    for await (const line of linesOf(response)) {
      const { sandboxId, end } = leaseEventSchema.parse(JSON.parse(line));
      if (sandboxId !== undefined && end !== undefined) this.told(sandboxId, end);
    }
  }

  private told(sandboxId: string, end: SandboxEnd): void {
    const sandbox = this.sandboxes.get(sandboxId);
    if (sandbox !== undefined) {
      sandbox.end(end);
      return;
    }
    this.early.set(sandboxId, end);
    for (const oldest of this.early.keys()) {
      if (this.early.size <= MAX_EARLY) return;
      this.early.delete(oldest);
    }
  }

  private async reconcile(): Promise<void> {
    const ours = [...this.sandboxes.values()];
    const { sandboxes } = await this.client.json({ method: 'GET', path: '/v1/sandboxes' }, sandboxListSchema);
    const known = new Map(sandboxes.map((view) => [view.id, view]));
    for (const sandbox of ours) {
      const view = known.get(sandbox.id);
      if (view === undefined) sandbox.end({ reason: 'died', message: 'the server does not know the sandbox any more' });
      else if (view.end !== undefined) sandbox.end(view.end);
    }
  }

  /** The server was not reached for longer than the client waits: the lease is over there. */
  private lose(error: unknown): void {
    const message = `the sandbox server is lost: ${error instanceof Error ? error.message : String(error)}`;
    for (const sandbox of this.sandboxes.values()) sandbox.end({ reason: 'died', message });
  }

  /** False when the watch is over. */
  private async pause(milliseconds: number): Promise<boolean> {
    const { signal } = this.stopped;
    await sleep(milliseconds, undefined, { signal }).catch(() => {}); // aborted: over
    return !signal.aborted;
  }
}
