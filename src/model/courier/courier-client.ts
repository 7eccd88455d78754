/** The client's side of the courier: `fetch` functions that go through it, and a courier that is started again when it dies. */
import { AssayError } from '../../contracts/index.ts';
import { askCourier, LostCourier } from './ask-courier.ts';
import type { Answer } from './courier-protocol.ts';
import { entryName } from './journal.ts';
import { type Link, launchOrAttach } from './launch.ts';

export interface CourierFetch {
  fetch: typeof globalThis.fetch;
  /** Where the last answer came from, and where the journal has it. `maybePaidTwice`: the request had been sent before by a courier that died. */
  origin(): { source: Answer['source']; maybePaidTwice?: true; journalEntry?: string };
  /** The last answer was a 2xx one and is in the journal, or will be: asking again under the same key gives the same. */
  kept(): boolean;
}

export interface Courier {
  /** Process id of the courier in use. */
  readonly pid: number;
  /**
   * A `fetch` for one call. Equal keys with equal bodies are sent once, ever; the answer of the first time is given again. `idleMs`: silence after which the courier gives a call up.
   * Throws `AssayError`: `model-unreachable`, `model-timeout`, `disk-full` (nothing was sent), `internal` when no courier can be had.
   */
  fetchFor(key: string, idleMs?: number): CourierFetch;
  /** Gives the lease back; the courier ends when it has nothing left to do. Idempotent. */
  close(): void;
}

const IDLE_MS = 300_000;
/** How often a dead courier is replaced for one request. */
const REPLACEMENTS = 3;

/** `journal`: folder for replies, private to the run. Throws `internal` when no courier comes up. */
export async function startOrAttachCourier(journal: string): Promise<Courier> {
  return new CourierClient(journal, await launchOrAttach(journal));
}

class CourierClient implements Courier {
  private readonly journal: string;
  private link: Link;
  private replacing: Promise<Link> | undefined;
  private closed = false;

  constructor(journal: string, link: Link) {
    this.journal = journal;
    this.link = link;
  }

  get pid(): number {
    return this.link.pid;
  }

  fetchFor(key: string, idleMs = IDLE_MS): CourierFetch {
    let answer: Answer | undefined;
    let entry: string | undefined;
    let lost = false;
    return {
      origin: () => ({
        source: answer?.source ?? 'live',
        ...(answer?.maybePaidTwice === true ? { maybePaidTwice: true } : {}),
        ...(entry === undefined ? {} : { journalEntry: entry }),
      }),
      kept: () => answer !== undefined && answer.status >= 200 && answer.status < 300 && !lost,
      fetch: async (input, init) => {
        const request = new Request(input, init);
        const call = {
          key,
          url: request.url,
          method: request.method,
          headers: Object.fromEntries(request.headers),
          idleMs,
        };
        const body = Buffer.from(await request.arrayBuffer());
        answer = undefined;
        entry = entryName(key, body);
        lost = false;
        const asked = await this.ask((socket) =>
          askCourier(socket, call, body, init?.signal ?? undefined, () => {
            lost = true;
          }),
        );
        answer = asked.answer;
        return asked.response;
      },
    };
  }

  /** Asks, and asks the next courier where this one is gone: the journal knows what was sent. */
  private async ask<T>(send: (socket: string) => Promise<T>): Promise<T> {
    for (let replaced = 0; ; replaced++) {
      const link = this.link;
      try {
        return await send(link.socket);
      } catch (error) {
        if (!(error instanceof LostCourier)) throw error;
        if (this.closed || replaced === REPLACEMENTS)
          throw new AssayError('internal', 'the courier process is gone', {
            class: 'infra',
            retryable: true,
            cause: error,
            hint: 'Resume the run: replies that were stored are not asked for again.',
          });
        await this.replace(link);
      }
    }
  }

  private async replace(dead: Link): Promise<void> {
    if (this.link !== dead) return;
    dead.lease.destroy();
    this.replacing ??= launchOrAttach(this.journal).finally(() => {
      this.replacing = undefined;
    });
    const link = await this.replacing;
    this.link = link;
    if (this.closed) link.lease.destroy();
  }

  close(): void {
    this.closed = true;
    this.link.lease.destroy();
  }
}
