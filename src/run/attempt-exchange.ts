/** Carries attempts between the run folder of this process and a shared store. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { sha256 } from '../base/digest.ts';
import {
  AssayError,
  type AttemptRef,
  type AttemptTotals,
  type OpenRun,
  type RunEvent,
  type SharedStore,
  toFailure,
} from '../contracts/index.ts';
import { type Account, runKeys } from '../share/account.ts';
import { handedIn, markHandedIn, unmarkHandedIn } from '../share/handed-in.ts';
import type { Lease, LeaseBook } from '../share/lease-book.ts';
import { packAttempt } from '../share/pack-attempt.ts';
import { unpackAttempt } from '../share/unpack-attempt.ts';
import { attemptKey } from '../store/load-run-record.ts';
import { runPaths } from '../store/run-folder.ts';

export interface AttemptExchangeOptions {
  run: OpenRun;
  /** Waits for the store to answer. */
  store: SharedStore;
  /** Does not. */
  direct: SharedStore;
  book: LeaseBook;
  planDigest: string;
}

type Spent = Pick<AttemptTotals, 'steps' | 'usd' | 'unknownCosts'>;
const NOTHING: Spent = { steps: 0, usd: 0, unknownCosts: 0 };

export class AttemptExchange {
  private readonly options: AttemptExchangeOptions;
  private readonly repos: ReadonlyMap<string, string>;
  /** What a process that takes an attempt over from this one has of it already, and pays for no more. */
  private readonly told = new Map<string, Spent>();
  private uploads = 0;

  constructor(options: AttemptExchangeOptions) {
    this.options = options;
    this.repos = new Map(options.run.manifest.dataset.instances.map(({ instanceId, repo }) => [instanceId, repo]));
  }

  /** Hands in the result. False when the attempt has gone to another process: then it is put aside. */
  async handIn(lease: Lease): Promise<boolean> {
    const account = await this.upload(lease);
    const kept = await this.options.book.complete(lease, account);
    if (kept) await this.mark(lease, account);
    else await this.setAside(lease, account);
    return kept;
  }

  /** Leaves word how far the attempt has come; its log then does not grow before `goOn`. */
  async tell(lease: Lease): Promise<void> {
    const account = await this.upload(lease);
    if (await this.leaveWord(lease, account)) await this.mark(lease, account);
  }

  /** Leaves word between two steps; not now when the store gives no answer, as the work shall go on. */
  async tellInPassing(lease: Lease): Promise<void> {
    let account: Account;
    try {
      account = await this.upload(lease, this.options.direct);
    } catch (error) {
      if (toFailure(error).code === 'store-unreachable') return; // the heartbeats tell of it
      throw error;
    }
    await this.leaveWord(lease, account);
  }

  /** To be called before the attempt's log grows. */
  async goOn(ref: AttemptRef): Promise<void> {
    await unmarkHandedIn(this.folder(ref));
  }

  /** Gives the attempt back with all that is known of it. False when the lease is lost. */
  async giveBack(lease: Lease): Promise<boolean> {
    if ((await this.options.run.history(lease.ref)).record !== null) await this.tell(lease);
    return await this.options.book.giveBack(lease);
  }

  /** True when what is here of the attempt is this account. */
  async has(ref: AttemptRef, account: Account): Promise<boolean> {
    return (await handedIn(this.folder(ref)))?.digest === account.digest;
  }

  /**
   * Brings an account of another process here, in the place of what is here; that is put aside when it has never been handed in, or when the account does not go on from it. Resolves to its milestones. Throws
   * `store-invalid` when the account is not to be trusted.
   */
  async bring(
    ref: AttemptRef,
    account: Account,
    { ended, token }: { ended: boolean; token: number },
  ): Promise<RunEvent[]> {
    const { run, store, planDigest } = this.options;
    const bytes = await store.getBytes(account.key);
    if (bytes === null) throw new AssayError('store-invalid', 'refused, as its bytes are missing', { class: 'input' });
    const header = { runId: run.manifest.runId, planDigest, instanceId: ref.instanceId, attempt: ref.attempt };
    const repo = this.repos.get(ref.instanceId) ?? '';
    const unpacked = await unpackAttempt(bytes, { account, header, repo, ended }, run.dir);
    try {
      await this.clear(ref, token, unpacked.attempt);
      await markHandedIn(unpacked.attempt, { digest: account.digest });
      this.told.set(attemptKey(ref), unpacked.record.totals ?? NOTHING);
      return await run.adopt(ref, unpacked);
    } finally {
      await unpacked.remove();
    }
  }

  /** Notes work of this process that does not count, with what it cost; the attempt is then as if it had not been begun here. Without any work nothing is noted. */
  async setAside(lease: Pick<Lease, 'ref' | 'token'>, known?: Account): Promise<void> {
    const { run, book } = this.options;
    const { ref, token } = lease;
    const { record, totals } = await run.history(ref);
    if (record === null) return;
    const account = known ?? (await this.upload(lease));
    const before = this.told.get(attemptKey(ref)) ?? NOTHING;
    await book.putAside({
      ...ref,
      owner: book.owner,
      token,
      reason: 'another process had taken the attempt over',
      steps: totals.steps - before.steps,
      usd: totals.usd - before.usd,
      unknownCosts: totals.unknownCosts - before.unknownCosts,
      account,
    });
    await run.putAside(ref, String(token));
  }

  /** Makes room for the account of another process, whose log lies in the folder `coming`. */
  private async clear(ref: AttemptRef, token: number, coming: string): Promise<void> {
    const { run } = this.options;
    const mark = await handedIn(this.folder(ref));
    if (mark === null) return await this.setAside({ ref, token });
    if (mark.token === undefined || (await beginAlike(this.folder(ref), coming)))
      return await run.putAside(ref, String(token));
    // The others could not read what was handed in from here, and did it anew: all of it was paid and none of it counts.
    this.told.delete(attemptKey(ref));
    await this.setAside({ ref, token: mark.token });
  }

  private async mark({ ref, token }: Lease, { digest }: Account): Promise<void> {
    await markHandedIn(this.folder(ref), { digest, token });
  }

  private async leaveWord(lease: Lease, account: Account): Promise<boolean> {
    if (!(await this.options.book.tell(lease, account))) return false;
    this.told.set(attemptKey(lease.ref), (await this.options.run.history(lease.ref)).totals);
    return true;
  }

  private async upload({ ref, token }: Pick<Lease, 'ref' | 'token'>, store = this.options.store): Promise<Account> {
    const { run, book, planDigest } = this.options;
    const { record } = await run.history(ref);
    if (record === null) throw new AssayError('internal', `nothing is known of ${attemptKey(ref)}`, { class: 'infra' });
    const { runId } = run.manifest;
    const bytes = await packAttempt(run.dir, { formatVersion: 1, runId, planDigest, ...ref, owner: book.owner, token });
    const key = runKeys(runId).bundle(ref, book.owner, token, ++this.uploads);
    await store.putBytes(key, bytes);
    return { key, digest: sha256(bytes), bytes: bytes.length, state: record.state };
  }

  private folder(ref: AttemptRef): string {
    return runPaths(this.options.run.dir).attempt(ref);
  }
}

/** True when one log goes on from the other, or both from the same: the event that begins an attempt has the time of it. */
async function beginAlike(folder: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([folder, other].map((one) => firstLine(join(one, 'events.jsonl'))));
  return first === second;
}

async function firstLine(path: string): Promise<string> {
  for await (const line of createInterface({ input: createReadStream(path) })) return line;
  return '';
}
