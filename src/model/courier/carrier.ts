/** Makes the calls: each question once, whoever asks and however often. */
import type { Answer, Call, CourierError, End } from './courier-protocol.ts';
import { Delivery } from './delivery.ts';
import { entryName, type Journal, type JournalEntry } from './journal.ts';

/** No call takes longer than this, in milliseconds. */
const CALL_LIMIT_MS = 60 * 60_000;
/** Headers that hold for one connection or for the encoded form of the body. */
const HOP_HEADERS = [
  'content-encoding',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'set-cookie',
];

type Carried = Pick<Answer, 'source' | 'maybePaidTwice'> & ({ stored: JournalEntry } | { delivery: Delivery });

export class Carrier {
  private readonly journal: Journal;
  private readonly inFlight = new Map<string, Delivery>();
  /** Complete answers that could not be written (disk full): kept here, so that at least this courier never asks again. */
  private readonly unsaved = new Map<string, Delivery>();
  /** Lookups under way, so that two equal questions at the same moment are one. */
  private readonly beginning = new Map<string, Promise<Carried>>();

  constructor(journal: Journal) {
    this.journal = journal;
  }

  get busy(): boolean {
    return this.inFlight.size > 0 || this.beginning.size > 0;
  }

  /** The stored answer, the one that is on its way, or a new request. */
  async ask(call: Call, body: Buffer): Promise<Carried> {
    const name = entryName(call.key, body);
    const known = this.inFlight.get(name) ?? this.unsaved.get(name);
    if (known !== undefined) return { delivery: known, source: 'live', maybePaidTwice: false };
    const begun = this.beginning.get(name);
    if (begun !== undefined) return begun;
    const beginning = this.begin(name, call, body).finally(() => this.beginning.delete(name));
    this.beginning.set(name, beginning);
    return beginning;
  }

  private async begin(name: string, call: Call, body: Buffer): Promise<Carried> {
    const stored = await this.journal.find(name);
    if (stored !== null) return { stored, source: 'journal', maybePaidTwice: false };
    const maybePaidTwice = this.journal.wasSent(name);
    const delivery = new Delivery();
    this.inFlight.set(name, delivery);
    void this.carry(name, delivery, call, body);
    return { delivery, source: 'live', maybePaidTwice };
  }

  /** Never rejects. Nothing is told to be over before it is settled on disk and forgotten here: a client that asks again after a failure must not be given the failure again. */
  private async carry(name: string, delivery: Delivery, call: Call, body: Buffer): Promise<void> {
    const quiet = new AbortController();
    const timer = setTimeout(() => quiet.abort(), call.idleMs);
    let success = false;
    let end: End = 'complete';
    let failure: CourierError | undefined;
    try {
      await this.journal.markSent(name);
      const response = await fetch(call.url, {
        method: call.method,
        headers: call.headers,
        signal: AbortSignal.any([quiet.signal, AbortSignal.timeout(CALL_LIMIT_MS)]),
        ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
      });
      timer.refresh();
      success = response.ok;
      const headers = Object.fromEntries(response.headers);
      for (const header of HOP_HEADERS) delete headers[header];
      delivery.head(response.status, headers);
      for await (const chunk of response.body ?? []) {
        timer.refresh();
        delivery.data(Buffer.from(chunk as Uint8Array));
      }
    } catch (error) {
      end = quiet.signal.aborted ? 'idle' : 'broken';
      if (!delivery.hasHead) failure = courierError(error, quiet.signal.aborted, call.idleMs);
    }
    clearTimeout(timer);
    await this.settle(name, delivery, success ? delivery.entry(end) : undefined);
    this.inFlight.delete(name);
    if (failure === undefined) delivery.end(end);
    else delivery.fail(failure);
  }

  /** Stores what may have been paid for: any 2xx answer, also one that broke off. */
  private async settle(name: string, delivery: Delivery, entry: JournalEntry | undefined): Promise<void> {
    try {
      if (entry !== undefined) await this.journal.save(name, entry);
      await this.journal.unmarkSent(name);
    } catch (error) {
      console.error(`${new Date().toISOString()} a reply could not be stored: ${error}`);
      if (entry?.end === 'complete') this.unsaved.set(name, delivery);
    }
  }
}

function courierError(error: unknown, quiet: boolean, idleMs: number): CourierError {
  if (quiet) return { code: 'model-timeout', message: `the model sent nothing for ${idleMs} ms` };
  const { code } = (error ?? {}) as { code?: unknown };
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return { code: 'disk-full', message: `nothing was sent, because the reply could not be stored: ${message}` };
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return { code: 'model-unreachable', message: `${message}${cause}` };
}
