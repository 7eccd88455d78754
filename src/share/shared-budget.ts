/**
 * Dollars of a run that several processes spend. What each has spent and set aside stands in one text of the shared store; money is set aside there before a call is made, so that all of them together never
 * pass the limit. What a process sets aside and no longer needs is given back; that of a process that is gone, or was killed and is there again, counts as spent, as its calls may have been paid for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AssayError, type SharedStore } from '../contracts/index.ts';
import { runKeys } from './account.ts';
import { OwnerWatch } from './owner-watch.ts';
import { parseText } from './parse-text.ts';

const sumsSchema = z.object({ settled: z.number().nonnegative(), reserved: z.number().nonnegative() });
const ledgerSchema = z.object({ edition: z.number().int(), owners: z.record(z.string(), sumsSchema) });
type Ledger = z.infer<typeof ledgerSchema>;

export interface SharedBudgetOptions {
  store: SharedStore;
  runId: string;
  owner: string;
  limitUsd: number;
  leaseMs: number;
}

export class SharedBudget {
  private readonly options: SharedBudgetOptions;
  private readonly keys: ReturnType<typeof runKeys>;
  private readonly watch: OwnerWatch;
  private settled: number | null = null;
  private reserved = 0;
  private ledger: Ledger = { edition: 0, owners: {} };
  private version: string | null = null;
  private readonly waitMs: number;
  private readonly never = new AbortController().signal;
  private door: Promise<unknown> = Promise.resolve();

  constructor(options: SharedBudgetOptions) {
    this.options = options;
    this.keys = runKeys(options.runId);
    this.watch = new OwnerWatch(options.leaseMs);
    this.waitMs = Math.min(1_000, options.leaseMs / 4);
  }

  /**
   * Resolves when `usd` is set aside, in the order of the calls; waits while what others have set aside may be given back. Throws `limit-cost` when what is spent leaves no room, `cancelled`, `store-invalid`,
   * `store-unreachable`.
   */
  reserve(usd: number, signal?: AbortSignal): Promise<void> {
    return this.inTurn(async () => {
      while (!(await this.setAside(usd))) {
        await this.lookAround();
        await this.write(); // what this process has given back meanwhile may be what another one waits for
        if (this.certain() + usd > this.options.limitUsd) throw this.exhausted();
        await sleep(this.waitMs, undefined, { signal: signal ?? this.never }).catch(() => {
          throw cancelled();
        });
      }
    });
  }

  /** Gives a reservation back and books what the call cost. The others see it with the next reservation or the end of this process; until then they see the worst case. */
  settle(reservedUsd: number, usd: number): void {
    this.reserved = Math.max(0, this.reserved - reservedUsd);
    if (this.reserved < 1e-9) this.reserved = 0; // sums of fractions leave dust behind
    this.settled = (this.settled ?? 0) + usd;
    // Nothing waits for this: when it fails, the others go on seeing the worst case, and the next reservation meets the same store.
    if (this.reserved === 0) this.publish().catch(() => {});
  }

  /** Writes what was spent, and gives back the rest. */
  async publish(): Promise<void> {
    await this.inTurn(async () => {
      while (this.settled !== null && !(await this.write())) await this.read();
    });
  }

  /** False when there is no room just now. */
  private async setAside(usd: number): Promise<boolean> {
    if (this.settled === null) await this.begin();
    while (this.sum() + usd <= this.options.limitUsd) {
      this.reserved += usd;
      if (await this.write()) return true;
      this.reserved -= usd;
      await this.read();
    }
    return false;
  }

  /** What an earlier process of this name had set aside when it was killed may have been paid. */
  private async begin(): Promise<void> {
    await this.read();
    const { settled, reserved } = this.ledger.owners[this.options.owner] ?? { settled: 0, reserved: 0 };
    this.settled = settled + reserved;
  }

  /** Of all: spent and set aside. */
  private sum(): number {
    return this.others().reduce(
      (sum, [, one]) => sum + one.settled + one.reserved,
      (this.settled ?? 0) + this.reserved,
    );
  }

  /** Of all: what will not come back. */
  private certain(): number {
    const gone = (owner: string, { reserved }: { reserved: number }) => (this.watch.isSilent(owner) ? reserved : 0);
    return this.others().reduce((sum, [owner, one]) => sum + one.settled + gone(owner, one), this.settled ?? 0);
  }

  private others(): [string, z.infer<typeof sumsSchema>][] {
    return Object.entries(this.ledger.owners).filter(([owner]) => owner !== this.options.owner);
  }

  private async write(): Promise<boolean> {
    const { owner, store } = this.options;
    const owners = { ...this.ledger.owners, [owner]: { settled: this.settled ?? 0, reserved: this.reserved } };
    const ledger = { edition: this.ledger.edition + 1, owners };
    const version = await store.put(this.keys.budget, JSON.stringify(ledger), this.version);
    if (version === null) return false;
    this.ledger = ledger;
    this.version = version;
    return true;
  }

  private async read(): Promise<void> {
    const { store } = this.options;
    const entry = await store.get(this.keys.budget);
    this.version = entry?.version ?? null;
    if (entry === null) return;
    const { data, problem } = parseText(ledgerSchema, entry.text);
    if (data === undefined) {
      const message = `What the run has spent cannot be read (${this.keys.budget} in ${store.name}): ${problem}`;
      throw new AssayError('store-invalid', message, { class: 'input', retryable: false });
    }
    this.ledger = data;
  }

  private async lookAround(): Promise<void> {
    await this.read();
    const below = `${this.keys.owners}/`.length;
    const owners = await this.options.store.versions(this.keys.owners);
    this.watch.look(new Map([...owners].map(([key, version]) => [key.slice(below), version])));
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.door.then(work);
    this.door = turn.catch(() => {}); // told to whose turn it is
    return turn;
  }

  private exhausted(): AssayError {
    const spent = `$${this.certain().toFixed(4)} are spent by all processes of the run`;
    return new AssayError(
      'limit-cost',
      `the budget of $${this.options.limitUsd} does not cover another call: ${spent}`,
      {
        class: 'limit',
        retryable: false,
        hint: 'Resume the run with a higher --budget.',
        details: { scope: 'run' },
      },
    );
  }
}

function cancelled(): AssayError {
  return new AssayError('cancelled', 'the wait for the budget was cancelled', { class: 'cancelled', retryable: true });
}
