/**
 * Who works on which attempt of a run, kept in a shared store. A lease is the version of the attempt's entry: a claim, a hand-over and a result each replace the entry that was seen, so of two processes that
 * want the same only one gets it, and a process that lost its lease, however late it wakes up, cannot write a result. One text per process tells that it is there (`owner-watch.ts`).
 */
import { randomUUID } from 'node:crypto';
import { mapLimited } from '../base/map-limited.ts';
import type { AttemptRef, SharedStore } from '../contracts/index.ts';
import { type Account, type Aside, type AttemptEntry, asideSchema, attemptEntrySchema, runKeys } from './account.ts';
import { OwnerWatch } from './owner-watch.ts';
import { parseText } from './parse-text.ts';

export interface LeaseBookOptions {
  store: SharedStore;
  runId: string;
  /** Name of this process in the store: the same as before only where nobody else can have it. */
  owner: string;
  /** Others take an attempt whose owner has been silent for so long. */
  leaseMs: number;
  now?: () => number;
}

/** A claim, held as long as the entry has its owner and token: only its holder writes these. */
export interface Lease {
  ref: AttemptRef;
  token: number;
  refused: number;
  /** Who had it before; null for nobody. */
  before: string | null;
  /** How far the attempt has come, as the last who told of it did. */
  account: Account | undefined;
}

/** An attempt's entry as it was last seen; `entry` null: nobody has touched it. */
export interface AttemptSight {
  version: string | null;
  entry: AttemptEntry | null;
  /** Why the entry cannot be read; it then counts as free. */
  damaged?: string;
}

const LOOKS_AT_ONCE = 16;
const MOST_TRIES = 20;
const UNTOUCHED: AttemptSight = { version: null, entry: null };
const NEW_ENTRY: AttemptEntry = { state: 'free', token: 0, owner: null, refused: 0 };

export class LeaseBook {
  readonly owner: string;
  private readonly store: SharedStore;
  private readonly keys: ReturnType<typeof runKeys>;
  private readonly watch: OwnerWatch;
  private readonly sights = new Map<string, AttemptSight>();
  private beatVersion: string | null | undefined; // undefined: not known

  constructor({ store, runId, owner, leaseMs, now }: LeaseBookOptions) {
    this.store = store;
    this.owner = owner;
    this.keys = runKeys(runId);
    this.watch = new OwnerWatch(leaseMs, now);
  }

  /** Tells the others that this process is there: to be called several times within a lease. */
  async beat(): Promise<void> {
    const key = this.keys.owner(this.owner);
    this.beatVersion ??= (await this.store.get(key))?.version ?? null;
    // No text is ever written twice, also not by a process that takes the name up again.
    this.beatVersion = (await this.store.put(key, randomUUID(), this.beatVersion)) ?? undefined;
  }

  /** Looks at all that has changed. Needed before `sight`, `canClaim`; several times within a lease. */
  async survey(): Promise<void> {
    const [attempts, owners] = await Promise.all([
      this.store.versions(this.keys.attempts),
      this.store.versions(this.keys.owners),
    ]);
    const below = `${this.keys.owners}/`.length;
    this.watch.look(new Map([...owners].map(([key, version]) => [key.slice(below), version])));
    const changed = [...attempts].filter(([key, version]) => this.sights.get(key)?.version !== version);
    await mapLimited(changed, LOOKS_AT_ONCE, ([key]) => this.look(key));
  }

  /** As it was at the last survey, or after what this process has done since. */
  sight(ref: AttemptRef): AttemptSight {
    return this.sights.get(this.keys.attempt(ref)) ?? UNTOUCHED;
  }

  /** True when the attempt is free, this process's own from before, or held by one that is silent. */
  canClaim(ref: AttemptRef): boolean {
    const { entry } = this.sight(ref);
    if (entry === null || entry.state === 'free') return true;
    return entry.state === 'held' && (entry.owner === this.owner || this.isSilent(entry.owner));
  }

  /** True for an owner that has not been heard of for the time of a lease. */
  isSilent(owner: string | null): boolean {
    return owner === null || (owner !== this.owner && this.watch.isSilent(owner));
  }

  /** The lease, or null when another process was faster. */
  async claim(ref: AttemptRef): Promise<Lease | null> {
    const before = this.sight(ref);
    const found = before.entry ?? NEW_ENTRY;
    const token = found.token + 1;
    const entry: AttemptEntry = { ...found, state: 'held', token, owner: this.owner };
    const version = await this.replace(ref, entry, before.version);
    if (version === null) return null;
    return { ref, token, refused: found.refused, before: found.owner, account: found.account };
  }

  /** False when another process has taken the attempt, as far as the last survey tells. */
  isHeld(lease: Lease): boolean {
    const { entry } = this.sight(lease.ref);
    return entry?.state === 'held' && entry.owner === this.owner && entry.token === lease.token;
  }

  /** Leaves word how far the attempt has come, for whoever may have to go on with it. False when the lease is lost. */
  async tell(lease: Lease, account: Account): Promise<boolean> {
    return await this.rewrite(lease, 'held', account);
  }

  /** The one result of the attempt. False when the lease is lost: the result does not count then. */
  async complete(lease: Lease, account: Account): Promise<boolean> {
    return await this.rewrite(lease, 'done', account);
  }

  /** Lets others go on, at once. False when the lease is lost. */
  async giveBack(lease: Lease): Promise<boolean> {
    return await this.rewrite(lease, 'free', lease.account);
  }

  /** Takes back a result, to be done anew. False when it is no longer the one that was seen. */
  async reopen(ref: AttemptRef, { refused }: { refused: boolean }): Promise<boolean> {
    const { entry, version } = this.sight(ref);
    if (entry?.state !== 'done') return false;
    const { account, ...kept } = entry;
    const next: AttemptEntry = refused
      ? { ...kept, state: 'free', refused: entry.refused + 1 }
      : { ...kept, state: 'free', ...(account === undefined ? {} : { account }) };
    return (await this.replace(ref, next, version)) !== null;
  }

  /** Notes work that does not count. */
  async putAside(aside: Aside): Promise<void> {
    const key = this.keys.aside(aside, aside.owner, aside.token);
    const before = await this.store.get(key);
    await this.store.put(key, JSON.stringify(aside), before?.version ?? null);
  }

  /** All work that does not count. What cannot be read is passed over: it is no part of any result. */
  async asides(): Promise<Aside[]> {
    const keys = [...(await this.store.versions(this.keys.asides)).keys()].sort();
    const found = await Promise.all(keys.map((key) => this.store.get(key)));
    return found.flatMap((entry) => (entry === null ? [] : (parseText(asideSchema, entry.text).data ?? [])));
  }

  private async rewrite(lease: Lease, state: AttemptEntry['state'], account: Account | undefined): Promise<boolean> {
    const entry: AttemptEntry = {
      state,
      token: lease.token,
      owner: this.owner,
      refused: lease.refused,
      ...(account === undefined ? {} : { account }),
    };
    // What was seen of the entry may be older than what this process has written to it.
    for (let tries = 0; tries < MOST_TRIES && this.isHeld(lease); tries++) {
      if ((await this.replace(lease.ref, entry, this.sight(lease.ref).version)) === null) continue;
      lease.account = account;
      return true;
    }
    return false;
  }

  private async replace(ref: AttemptRef, entry: AttemptEntry, ifVersion: string | null): Promise<string | null> {
    const key = this.keys.attempt(ref);
    const version = await this.store.put(key, JSON.stringify(entry), ifVersion);
    if (version === null) await this.look(key);
    else this.sights.set(key, { version, entry });
    return version;
  }

  private async look(key: string): Promise<void> {
    const found = await this.store.get(key);
    if (found === null) {
      this.sights.delete(key);
      return;
    }
    const { data, problem } = parseText(attemptEntrySchema, found.text);
    // An answer that comes late, after this process has written: tokens only grow.
    if (data !== undefined && data.token < (this.sights.get(key)?.entry?.token ?? 0)) return;
    this.sights.set(
      key,
      data === undefined
        ? { version: found.version, entry: null, damaged: `${key} in ${this.store.name}: ${problem}` }
        : { version: found.version, entry: data },
    );
  }
}
