/** All sandboxes of the server: who owns them, how they begin, and that they end. */
import { digestOf } from '../../base/digest.ts';
import type { LayerRef, Sandbox, SandboxBackend, SandboxSpec } from '../../contracts/index.ts';
import type { StartRequest } from '../../sandbox/remote/api.ts';
import { HeldBytes } from '../data/held-bytes.ts';
import { busy, notFound, refuse } from '../http/http-problem.ts';
import type { KeyRecord } from '../keys/key-record.ts';
import { FairSlots, type ReleaseSlot } from './fair-slots.ts';
import { HostedSandbox, type HostedSandboxFacts } from './hosted-sandbox.ts';
import type { LayerDesk } from './layer-desk.ts';
import { type Lease, LeaseTable } from './lease-table.ts';
import { OnceTable } from './once-table.ts';
import { WarmPool } from './warm-pool.ts';

/** How long one can still ask for a sandbox that is gone, and for what its processes printed. */
const KEEP_ENDED_MS = 300_000;
const SWEEP_MS = 1_000;
/** Output of processes that is held for one key. */
const HELD_BYTES = 256 * 1024 ** 2;
/** Requests of one key that wait for a place. */
const MAX_WAITING = 256;
const FULL_RETRY_SECONDS = 5;
const DRAIN_RETRY_SECONDS = 30;

export interface RegistryOptions {
  backend: SandboxBackend;
  layers: LayerDesk;
  /** Ids of the keys that are in force. */
  keysInForce(): Promise<ReadonlySet<string>>;
  /** Told what went wrong where no request waits for it. */
  onError(error: unknown): void;
}

/** How a request to start is carried out. */
export interface StartTerms {
  idempotencyKey?: string | undefined;
  gone?: AbortSignal;
}

/** A request to start, with the sandbox as the backend may be asked for it. */
export type StartOrder = Omit<StartRequest, 'spec'> & { spec: SandboxSpec };

export class SandboxRegistry {
  readonly leases = new LeaseTable();
  private readonly backend: SandboxBackend;
  private readonly layers: LayerDesk;
  private readonly slots = new FairSlots();
  private readonly once = new OnceTable();
  private readonly warm: WarmPool;
  private readonly sandboxes = new Map<string, HostedSandbox>();
  /** By key and session, until their sandboxes are there. */
  private readonly starting = new Set<string>();
  private readonly held = new Map<string, HeldBytes>();
  private readonly keysInForce: RegistryOptions['keysInForce'];
  private readonly onError: (error: unknown) => void;
  private readonly sweeper: NodeJS.Timeout;
  private draining = false;
  private forgetSeconds = Number.POSITIVE_INFINITY;

  constructor({ backend, layers, keysInForce, onError }: RegistryOptions) {
    this.backend = backend;
    this.layers = layers;
    this.keysInForce = keysInForce;
    this.onError = onError;
    this.warm = new WarmPool({ create: (spec) => this.create(spec), onError, spare: () => this.spare });
    this.sweeper = setInterval(() => void this.sweep(performance.now()).catch(onError), SWEEP_MS);
    this.sweeper.unref();
  }

  get state(): { live: number; waiting: number; draining: boolean } {
    const { taken, waiting } = this.slots.state;
    return { live: taken, waiting, draining: this.draining };
  }

  /** Of sandboxes made ahead. */
  get warmState(): WarmPool['state'] {
    return this.warm.state;
  }

  /** It knows of no sandbox, also of none that ended lately. */
  get isEmpty(): boolean {
    return this.sandboxes.size === 0;
  }

  /**
   * A new sandbox, or the one that the same request made before. Throws 429 when no place was free in time, 503 while the server drains, 409 when the lease is over or the
   * session has a sandbox, and what `SandboxBackend.create` throws.
   *
   * `gone`: who asked does not wait any more; without an idempotency key or a session nobody can come back for the sandbox, so that none is made.
   */
  start(owner: KeyRecord, request: StartOrder, { idempotencyKey, gone }: StartTerms = {}): Promise<HostedSandbox> {
    const { waitSeconds: _patience, ...asked } = request;
    return this.once.run(onceKey('start', owner.id, idempotencyKey), digestOf(asked), async () => {
      const { sessionId } = request;
      if (sessionId === undefined)
        return this.startNow(owner, request, idempotencyKey === undefined ? gone : undefined);
      const name = `${owner.id} ${sessionId}`;
      if (this.ofSession(owner, sessionId) !== undefined || this.starting.has(name))
        throw refuse(409, 'this session has a sandbox already');
      this.starting.add(name);
      return this.startNow(owner, request).finally(() => this.starting.delete(name));
    });
  }

  /** Throws like `LayerDesk.remove`. Sandboxes made ahead do not hold it. */
  async removeLayer(owner: KeyRecord, digest: string): Promise<void> {
    await this.layers.demand(owner.id, digest);
    await this.warm.dropLayer(digest);
    await this.layers.remove(owner.id, digest);
  }

  /** Sandboxes with the files of this one as they are now, under the same lease. All or none. Throws like `start`. */
  fork(owner: KeyRecord, parent: HostedSandbox, count: number, idempotencyKey?: string): Promise<HostedSandbox[]> {
    return this.once.run(onceKey('fork', parent.id, idempotencyKey), String(count), async () => {
      this.demandOpen();
      parent.demandRunning();
      const lease = this.leaseOf(owner, parent.facts.leaseId);
      const releases = await this.demandSlots(owner, count);
      const { sessionId: _one, ...facts } = parent.facts;
      const forks = this.layers.makeForks(owner.id, parent.sandbox, count);
      return Promise.all(
        releases.map((release, index) =>
          this.adopt(
            forks.then((made) => nth(made, index)),
            release,
            lease,
            facts,
          ),
        ),
      );
    });
  }

  /** Its files as a layer of its key; the sandbox is gone afterwards. Throws 507 when the key has no room for it. */
  snapshot(hosted: HostedSandbox, idempotencyKey?: string): Promise<LayerRef> {
    const make = () => this.layers.make(hosted.facts.owner, hosted.sandbox);
    return this.once.run(onceKey('snapshot', hosted.id, idempotencyKey), '', async () => {
      hosted.demandRunning();
      return hosted.ending(make);
    });
  }

  /** The sandbox if it belongs to the key. Throws 404 otherwise. */
  find(owner: KeyRecord, id: string): HostedSandbox {
    const hosted = this.sandboxes.get(id);
    if (hosted === undefined || hosted.facts.owner !== owner.id) throw notFound('sandbox');
    return hosted;
  }

  /** Of the data plane: whoever has the session key. Undefined for a wrong key as for an unknown sandbox. */
  findBySessionKey(id: string, sessionKey: string): HostedSandbox | undefined {
    const hosted = this.sandboxes.get(id);
    return hosted?.opensWith(sessionKey) === true ? hosted : undefined;
  }

  /** Whoever it belongs to: only for what everybody may ask. */
  findById(id: string): HostedSandbox | undefined {
    return this.sandboxes.get(id);
  }

  /** The live sandbox of a session of this key. */
  ofSession(owner: KeyRecord, sessionId: string): HostedSandbox | undefined {
    return this.list(owner).find(({ facts, end }) => facts.sessionId === sessionId && end === undefined);
  }

  /** All of the key, those that ended lately too. */
  list(owner: KeyRecord): HostedSandbox[] {
    return [...this.sandboxes.values()].filter(({ facts }) => facts.owner === owner.id);
  }

  /** Ends a lease and everything under it; resolves when all is gone. */
  async endLease(lease: Lease): Promise<void> {
    this.leases.finish(lease);
    const under = [...this.sandboxes.values()].filter((one) => nameOfLease(one) === lease.name);
    await Promise.all(under.map(({ sandbox }) => sandbox.destroy()));
  }

  /** Live sandboxes of all keys together, 0 at first. */
  setCapacity(capacity: number): void {
    this.slots.setCapacity(capacity);
  }

  /** Sandboxes made ahead for each environment that is asked for again and again. */
  setWarm(perEnvironment: number): void {
    this.warm.setSize(perEnvironment);
  }

  /** Sandboxes without lease end when nobody has asked anything of them for so long. */
  setForgetSeconds(seconds: number): void {
    this.forgetSeconds = seconds;
  }

  /** While it drains nothing is started; what lives goes on. */
  setDraining(draining: boolean): void {
    this.draining = draining;
  }

  /** Destroys everything. Never rejects: what cannot be destroyed must not keep the rest. */
  async close(): Promise<void> {
    this.draining = true;
    clearInterval(this.sweeper);
    const live = [...this.sandboxes.values()].map(({ sandbox }) => sandbox.destroy());
    for (const ended of await Promise.allSettled([this.warm.close(), ...live]))
      if (ended.status === 'rejected') this.onError(ended.reason);
  }

  private async startNow(owner: KeyRecord, request: StartOrder, gone?: AbortSignal): Promise<HostedSandbox> {
    this.demandOpen();
    const { spec, sessionId, leaseId, idlePauseSeconds } = request;
    const lease = this.leaseOf(owner, leaseId);
    const release = await this.demandSlot(owner, request.waitSeconds, gone);
    const facts = { owner: owner.id, asked: spec, sessionId, leaseId, idlePauseSeconds };
    const hosted = await this.adopt(this.provide(spec), release, lease, facts);
    if (gone?.aborted === true) await hosted.sandbox.destroy();
    return hosted;
  }

  private get spare(): number {
    const { free, waiting } = this.slots.state;
    return this.draining || waiting > 0 ? 0 : free;
  }

  private async provide(spec: SandboxSpec): Promise<Sandbox> {
    const ready = this.warm.take(spec, performance.now());
    if (ready !== undefined) return ready;
    await this.warm.shrink(this.spare);
    return this.create(spec);
  }

  private create(spec: SandboxSpec): Promise<Sandbox> {
    return this.layers.pins.makeSandbox(spec.layers, () => this.backend.create(spec));
  }

  private async adopt(
    creation: Promise<Sandbox>,
    release: ReleaseSlot,
    lease: Lease | undefined,
    facts: HostedSandboxFacts,
  ): Promise<HostedSandbox> {
    const sandbox = await creation.catch((error) => {
      release();
      throw error;
    });
    const hosted = new HostedSandbox(sandbox, facts, this.heldFor(facts.owner));
    this.sandboxes.set(hosted.id, hosted);
    void hosted.closed.then((end) => {
      release();
      if (lease !== undefined) this.leases.tell(lease, { sandboxId: hosted.id, end });
    });
    if (this.draining || (lease !== undefined && this.leaseIsOver(lease, facts))) {
      await sandbox.destroy();
      throw refuse(409, 'the lease ended while the sandbox was made');
    }
    return hosted;
  }

  private heldFor(owner: string): HeldBytes {
    const held = this.held.get(owner) ?? new HeldBytes(HELD_BYTES);
    this.held.set(owner, held);
    return held;
  }

  private leaseIsOver(lease: Lease, { owner, leaseId = '' }: HostedSandboxFacts): boolean {
    return this.leases.find(owner, leaseId) !== lease;
  }

  private leaseOf(owner: KeyRecord, leaseId: string | undefined): Lease | undefined {
    if (leaseId === undefined) return undefined;
    const lease = this.leases.find(owner.id, leaseId);
    if (lease === undefined) throw refuse(409, 'no such lease');
    return lease;
  }

  private async demandSlots(owner: KeyRecord, count: number): Promise<ReleaseSlot[]> {
    const releases: ReleaseSlot[] = [];
    try {
      // Forks do not wait for places: their parent holds one, and two that wait for each other would wait for ever.
      while (releases.length < count) releases.push(await this.demandSlot(owner, 0));
      return releases;
    } catch (error) {
      for (const release of releases) release();
      throw error;
    }
  }

  private async demandSlot(owner: KeyRecord, waitSeconds: number, gone?: AbortSignal): Promise<ReleaseSlot> {
    const { id: tenant, maxSandboxes: tenantLimit } = owner;
    if (this.slots.waitingOf(tenant) >= MAX_WAITING)
      throw busy(`${MAX_WAITING} requests of this key wait for a place already`, FULL_RETRY_SECONDS);
    const request = { tenant, tenantLimit, waitMs: waitSeconds * 1000 };
    const release = await this.slots.acquire(gone === undefined ? request : { ...request, gone });
    if (release !== null) return release;
    throw busy(
      `no place for a sandbox became free in ${waitSeconds} s (this key may have ${tenantLimit} at a time)`,
      FULL_RETRY_SECONDS,
    );
  }

  private demandOpen(): void {
    if (this.draining) throw busy('this server is about to stop', DRAIN_RETRY_SECONDS, 503);
  }

  private async sweep(now: number): Promise<void> {
    this.once.sweep(now);
    this.warm.sweep(now);
    for (const lease of this.leases.expired(now)) this.endLease(lease).catch(this.onError);
    for (const [id, hosted] of this.sandboxes) {
      if (hosted.endedAt !== undefined) await this.sweepEnded(id, hosted, now - hosted.endedAt);
      else if (hosted.facts.leaseId === undefined && hosted.isForgotten(now, this.forgetSeconds))
        hosted.sandbox.destroy().catch(this.onError);
      else hosted.pauseIfIdle(now).catch(this.onError);
    }
    await this.endRevoked();
  }

  /** What ended is kept for a while, its output only as long as it is in nobody's way. */
  private async sweepEnded(id: string, hosted: HostedSandbox, endedForMs: number): Promise<void> {
    if (endedForMs > KEEP_ENDED_MS) this.sandboxes.delete(id);
    if (endedForMs > KEEP_ENDED_MS || this.heldFor(hosted.facts.owner).isFull) await hosted.releaseAll();
  }

  /** With its key everything of an owner ends. */
  private async endRevoked(): Promise<void> {
    if (this.sandboxes.size === 0) return;
    const inForce = await this.keysInForce();
    const revoked = [...this.sandboxes.values()].filter(({ facts }) => !inForce.has(facts.owner));
    await Promise.all(revoked.map((hosted) => hosted.lock()));
  }
}

function nameOfLease({ facts }: HostedSandbox): string | undefined {
  return facts.leaseId === undefined ? undefined : `${facts.owner}/${facts.leaseId}`;
}

function onceKey(what: string, scope: string, key: string | undefined): string | undefined {
  return key === undefined ? undefined : `${what} ${scope} ${key}`;
}

function nth(made: readonly Sandbox[], index: number): Sandbox {
  const sandbox = made[index];
  if (sandbox === undefined) throw new RangeError(`${made.length} forks were made, ${index + 1} asked for`);
  return sandbox;
}
