/**
 * The work of a run that several processes share. Attempts are taken one by one by lease; what an attempt comes to is handed in once; what the others hand in is brought here. A lease that is lost (this
 * process was stopped for longer than a lease lasts) ends the work on its attempt, and what was done counts as put aside.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { mapLimited } from '../base/map-limited.ts';
import {
  type AttemptRef,
  type Failure,
  type OpenRun,
  type SharedStore,
  type TaskInstance,
  toFailure,
} from '../contracts/index.ts';
import { type Account, isEnded } from '../share/account.ts';
import { type Lease, LeaseBook } from '../share/lease-book.ts';
import { HALF_AN_HOUR_MS, patientStore } from '../share/patient-store.ts';
import { attemptKey, plannedAttempts } from '../store/load-run-record.ts';
import { AttemptExchange } from './attempt-exchange.ts';
import type { EnvironmentPool } from './environment-pool.ts';
import { stageOf, type WorkItem } from './plan-work.ts';
import type { Emitter } from './run-context.ts';
import { AttemptStop, type RunStop } from './run-control.ts';
import type { WorkSource } from './work-source.ts';

export interface ShareOptions {
  /** Stays open, the caller closes it. */
  store: SharedStore;
  planDigest: string;
  /** Name of this process in the store; the same as before where it goes on with the same run folder. */
  owner: string;
  leaseMs: number;
  /** Bring what the others hand in into the run folder. */
  gather: boolean;
  /** First take up again what ended without a verdict. */
  retryFailed: boolean;
}

interface SharedWorkOptions {
  run: OpenRun;
  share: ShareOptions;
  emitter: Emitter;
  stop: RunStop;
}

interface Held {
  lease: Lease;
  stop: AttemptStop;
  /** When word was left of it last. */
  toldAt: number;
}

const BROUGHT_AT_ONCE = 8;
/** A result is taken back so often when it is refused; then the run stops. */
const MOST_REFUSALS = 2;
/** A process that looks in vain for work sees a refusal within one interval. */
const REFUSED_POLLS = 3;

export class SharedWork {
  private readonly run: OpenRun;
  private readonly share: ShareOptions;
  private readonly emitter: Emitter;
  private readonly stop: RunStop;
  private readonly book: LeaseBook;
  private readonly exchange: AttemptExchange;
  private readonly planned: readonly AttemptRef[];
  private readonly pollMs: number;
  private readonly held = new Map<string, Held>();
  /** Digests of the accounts whose results are in the run folder, by attempt. */
  private readonly here = new Map<string, string>();
  /** When a result was refused: whoever has it may hand it in again before it is made anew. */
  private readonly refusedAt = new Map<string, number>();
  /** What this process cannot bring to an end: a patch whose environment cannot be built here. */
  private readonly givenUp = new Set<string>();
  private readonly over = new AbortController();
  private readonly paused = new AbortController();
  private looking: Promise<void> | null = null;
  private leftWaiting = false;
  private lookedAt = Number.NEGATIVE_INFINITY;
  private door: Promise<unknown> = Promise.resolve();
  private pulse: Promise<void> = Promise.resolve();

  private constructor({ run, share, emitter, stop }: SharedWorkOptions) {
    this.run = run;
    this.share = share;
    this.emitter = emitter;
    this.stop = stop;
    this.planned = plannedAttempts(run.manifest).map(({ instanceId, attempt }) => ({ instanceId, attempt }));
    this.pollMs = Math.max(100, share.leaseMs / 12);
    const store = patientStore(share.store, {
      onTrouble: (message) => this.tell('warning', `${message.trim()} Work goes on; results wait.`),
      onAnswer: () => this.tell('info', `The shared store ${share.store.name} answers again.`),
      signal: AbortSignal.any([stop.control.signal, this.over.signal]),
      pauseMs: share.leaseMs / 12,
      // Who is to end waits no longer: what is done lies in the run folder, and is handed in when the run goes on.
      longestMs: () => (stop.control.pausing ? 2 * this.pollMs : HALF_AN_HOUR_MS),
    });
    const { runId } = run.manifest;
    this.book = new LeaseBook({ store, runId, owner: share.owner, leaseMs: share.leaseMs });
    const { store: direct, planDigest } = share;
    this.exchange = new AttemptExchange({ run, store, direct, book: this.book, planDigest });
    stop.control.onPause(() => this.paused.abort());
  }

  /** Joins: from here on the others see this process. Throws `store-unreachable`, `config-invalid`. */
  static async open(options: SharedWorkOptions): Promise<SharedWork> {
    const work = new SharedWork(options);
    await work.book.beat();
    await work.book.survey();
    if (options.share.retryFailed) await work.reopenFailed();
    work.pulse = work.keepPulse();
    try {
      await work.look();
      return work;
    } catch (error) {
      work.over.abort(); // nobody has it to close it
      throw error;
    }
  }

  /** Attempts that have no result yet, as far as this process knows; what is left to do for each is told when it is taken. */
  left(): WorkItem[] {
    return this.planned.filter((ref) => !this.hasEnded(ref)).map((ref) => ({ ...ref, stage: 'solve' }));
  }

  /** The attempt has its one result, and it is here, where results are gathered. */
  private hasEnded(ref: AttemptRef): boolean {
    const { entry } = this.book.sight(ref);
    if (entry?.state !== 'done') return false;
    return (
      !this.share.gather || (entry.account !== undefined && this.here.get(attemptKey(ref)) === entry.account.digest)
    );
  }

  /** Work by lease, each with its environment built when it is taken: others may do what this process would have built for. */
  source(environments: EnvironmentPool, instances: ReadonlyMap<string, TaskInstance>): WorkSource {
    return {
      next: () =>
        this.orStop(null, async () => {
          for (let held = await this.take(); held !== null; held = await this.take()) {
            const item = await this.begin(held);
            if (item === null) continue;
            const instance = instances.get(item.instanceId);
            const result = instance === undefined ? undefined : await environments.want(instance);
            if (result !== undefined) return { item, result };
            await this.release(held);
          }
          return null;
        }),
    };
  }

  /** Lets `work` go on with an attempt from `next`, and hands in what it came to. True when the attempt has its result; `work` says whether it has an end. */
  async attend(ref: AttemptRef, work: (stop: RunStop) => Promise<boolean>): Promise<boolean> {
    const held = this.held.get(attemptKey(ref));
    if (held === undefined) return false;
    return await this.orStop(false, async () => {
      const ended = await work(held.stop);
      if (ended && this.book.isHeld(held.lease)) return await this.deliver(held);
      if (!ended && !held.stop.control.pausing) this.givenUp.add(attemptKey(ref));
      await this.release(held);
      return false;
    });
  }

  /** Leaves word of a patch that waits for its verdict: what it cost is not paid again, whatever becomes of this process. */
  async solved(ref: AttemptRef): Promise<void> {
    const held = this.held.get(attemptKey(ref));
    if (held !== undefined && this.book.isHeld(held.lease)) await this.exchange.tell(held.lease);
  }

  /** Leaves word of a long attempt once per lease, so that its steps outlive this process. */
  async stepped(ref: AttemptRef): Promise<void> {
    const held = this.held.get(attemptKey(ref));
    if (held === undefined || !this.book.isHeld(held.lease)) return;
    if (performance.now() - held.toldAt < this.share.leaseMs) return;
    await this.orStop(undefined, () => this.exchange.tellInPassing(held.lease));
    held.toldAt = performance.now();
  }

  /** Ends the heartbeats. Idempotent. Before, the work of others that does not count is noted in the run. */
  async close(): Promise<void> {
    if (this.over.signal.aborted) return;
    if (this.share.gather && !this.stop.control.pausing) await this.orStop(undefined, () => this.noteAsides());
    this.over.abort();
    await this.pulse;
  }

  /** What goes wrong with the store or the run folder concerns the run as a whole. */
  private async orStop<T>(otherwise: T, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.endBy(toFailure(error));
      return otherwise;
    }
  }

  /** A run that is to end anyway, and cannot reach the store, is no failed one. */
  private endBy(failure: Failure): void {
    if (!this.stop.control.pausing || failure.code !== 'store-unreachable') this.stop.fail(failure);
    else if (!this.leftWaiting) {
      this.leftWaiting = true;
      this.tell(
        'warning',
        `${this.share.store.name} gives no answer: what is done here is handed in when the run is resumed.`,
      );
    }
  }

  private async noteAsides(): Promise<void> {
    const known = (await this.run.record()).aside ?? [];
    const name = (one: AttemptRef & { owner: string; token: number }) => `${attemptKey(one)} ${one.owner} ${one.token}`;
    const names = new Set(known.map(name));
    for (const { account: _, ...aside } of await this.book.asides())
      if (!names.has(name(aside))) await this.emitter.emit({ type: 'work-aside', aside });
  }

  /** The next attempt that is this process's to do; null when there is none or the run pauses. */
  private async take(): Promise<Held | null> {
    while (!this.stop.control.pausing) {
      const turn = this.door.then(() => this.claimOne());
      this.door = turn.catch(() => {}); // told to whose turn it is
      const claimed = await turn;
      if (claimed !== 'none yet') return claimed;
      await sleep(this.pollMs, undefined, { signal: this.paused.signal }).catch(() => {});
    }
    return null;
  }

  private async claimOne(): Promise<Held | 'none yet' | null> {
    await this.look();
    const left = this.left();
    const hopeless = (ref: AttemptRef) => this.givenUp.has(attemptKey(ref)) && this.book.canClaim(ref);
    if (left.every(hopeless)) return null;
    for (const ref of left.filter((one) => !hopeless(one))) {
      const key = attemptKey(ref);
      if (this.stop.control.pausing) return null;
      if (this.held.has(key) || !this.book.canClaim(ref) || this.isFreshlyRefused(key)) continue;
      await this.noteDamage(ref);
      const lease = await this.book.claim(ref);
      if (lease === null) continue;
      const held = { lease, stop: new AttemptStop(this.stop), toldAt: performance.now() };
      this.held.set(key, held);
      return held;
    }
    return 'none yet';
  }

  /** Brings here what is known of an attempt that was just claimed. Null when nothing is left to do for it but to hand it in, which is done. */
  private async begin(held: Held): Promise<WorkItem | null> {
    const { lease } = held;
    const { ref, account } = lease;
    if (account !== undefined && lease.before !== this.book.owner && !(await this.exchange.has(ref, account))) {
      await this.bring(ref, account, { ended: false, token: lease.token });
    }
    const { record } = await this.run.history(ref);
    const reopened = account !== undefined && isEnded(account.state);
    const stage = record === null ? 'solve' : stageOf(record, reopened);
    if (stage === null) {
      await this.deliver(held);
      return null;
    }
    await this.exchange.goOn(ref);
    return { ...ref, stage };
  }

  private async deliver(held: Held): Promise<boolean> {
    const { ref } = held.lease;
    const kept = await this.exchange.handIn(held.lease);
    if (kept) this.here.set(attemptKey(ref), held.lease.account?.digest ?? '');
    else await this.noteLoss(ref);
    this.letGo(held);
    return kept;
  }

  /** Gives back what this process will not end; what was taken from it is put aside. */
  private async release(held: Held): Promise<void> {
    const { lease } = held;
    const gaveBack = this.book.isHeld(lease) && (await this.exchange.giveBack(lease));
    if (!gaveBack) {
      await this.exchange.setAside(lease);
      await this.noteLoss(lease.ref);
    }
    this.letGo(held);
  }

  private letGo(held: Held): void {
    held.stop.dispose();
    this.held.delete(attemptKey(held.lease.ref));
  }

  /** Sees what the others have done, at most once per interval, whoever asks. */
  private async look(): Promise<void> {
    if (performance.now() - this.lookedAt < this.pollMs) return;
    this.looking ??= (async () => {
      await this.book.survey();
      if (this.share.gather) await this.gather();
      this.lookedAt = performance.now();
    })().finally(() => {
      this.looking = null;
    });
    await this.looking;
  }

  /** Brings results here that are new. */
  private async gather(): Promise<void> {
    const isDone = (ref: AttemptRef) => this.book.sight(ref).entry?.state === 'done';
    const fresh = this.planned.filter((ref) => isDone(ref) && !this.hasEnded(ref) && !this.held.has(attemptKey(ref)));
    await mapLimited(fresh, BROUGHT_AT_ONCE, (ref) => this.receive(ref));
  }

  private async receive(ref: AttemptRef): Promise<void> {
    const { entry } = this.book.sight(ref);
    if (entry?.state !== 'done' || this.stop.control.signal.aborted) return;
    const { account, token, refused } = entry;
    if (account !== undefined && (await this.comesHere(ref, account, token)))
      this.here.set(attemptKey(ref), account.digest);
    else await this.takeBack(ref, refused);
  }

  private async comesHere(ref: AttemptRef, account: Account, token: number): Promise<boolean> {
    return (await this.exchange.has(ref, account)) || (await this.bring(ref, account, { ended: true, token }));
  }

  /** False when the account is refused, which is noted. */
  private async bring(ref: AttemptRef, account: Account, how: { ended: boolean; token: number }): Promise<boolean> {
    try {
      for (const event of await this.exchange.bring(ref, account, how)) this.emitter.show(event);
      return true;
    } catch (error) {
      const { code, message } = toFailure(error);
      if (code !== 'store-invalid') throw error;
      await this.note('warning', `${what(ref)}: the account in ${account.key} is ${message}`);
      return false;
    }
  }

  private async takeBack(ref: AttemptRef, refused: number): Promise<void> {
    if (refused < MOST_REFUSALS) {
      this.refusedAt.set(attemptKey(ref), performance.now());
      await this.book.reopen(ref, { refused: true });
      return;
    }
    const failure: Failure = {
      code: 'store-invalid',
      class: 'input',
      message: `${what(ref)}: ${refused + 1} results in ${this.share.store.name} were refused`,
      retryable: false,
      hint: 'See the warnings above. Who writes to the store, and with the same version of Assay?',
    };
    this.stop.fail(failure);
  }

  private isFreshlyRefused(key: string): boolean {
    return performance.now() - (this.refusedAt.get(key) ?? Number.NEGATIVE_INFINITY) < REFUSED_POLLS * this.pollMs;
  }

  private async reopenFailed(): Promise<void> {
    for (const ref of this.planned) {
      const { entry } = this.book.sight(ref);
      if (entry?.state === 'done' && entry.account?.state === 'failed') await this.book.reopen(ref, { refused: false });
    }
  }

  /** Heartbeats, and the look whether leases are still held. */
  private async keepPulse(): Promise<void> {
    while (!this.over.signal.aborted) {
      await sleep(this.share.leaseMs / 4, undefined, { signal: this.over.signal }).catch(() => {});
      if (this.over.signal.aborted) return;
      try {
        await this.book.beat();
        await this.book.survey();
      } catch (error) {
        if (!this.over.signal.aborted) this.endBy(toFailure(error));
        return;
      }
      for (const { lease, stop } of this.held.values()) if (!this.book.isHeld(lease)) stop.control.abort();
    }
  }

  private async noteDamage(ref: AttemptRef): Promise<void> {
    const { damaged } = this.book.sight(ref);
    if (damaged !== undefined) await this.note('warning', `${what(ref)}: its entry is replaced: ${damaged}`);
  }

  private async noteLoss(ref: AttemptRef): Promise<void> {
    await this.note('warning', `${what(ref)}: another process had taken it over; what was done here is put aside`);
  }

  private async note(level: 'info' | 'warning', message: string): Promise<void> {
    await this.emitter.emit({ type: 'note', level, message });
  }

  /** From places that cannot wait; a log that cannot be written stops the run by itself. */
  private tell(level: 'info' | 'warning', message: string): void {
    this.note(level, message).catch((error: unknown) => this.stop.breakOff(error));
  }
}

function what({ instanceId, attempt }: AttemptRef): string {
  return `${instanceId}, attempt ${attempt}`;
}
