/** One request on its way: the answer as it comes in, for any number of listeners, and its durable form. */
import type { CourierError, End } from './courier-protocol.ts';
import type { JournalEntry } from './journal.ts';

export interface Listener {
  head(status: number, headers: Record<string, string>): void;
  data(chunk: Buffer): void;
  end(end: End): void;
  /** Instead of everything else: there is no answer. */
  fail(error: CourierError): void;
}

export class Delivery {
  private started: { status: number; headers: Record<string, string> } | undefined;
  private readonly chunks: Buffer[] = [];
  private readonly listeners = new Set<Listener>();
  private ended: End | undefined;
  private failure: CourierError | undefined;

  get hasHead(): boolean {
    return this.started !== undefined;
  }

  head(status: number, headers: Record<string, string>): void {
    this.started = { status, headers };
    for (const listener of this.listeners) listener.head(status, headers);
  }

  data(chunk: Buffer): void {
    this.chunks.push(chunk);
    for (const listener of this.listeners) listener.data(chunk);
  }

  /** Call it only when the answer is durable: the end is what tells a listener that it may act. */
  end(end: End): void {
    this.ended = end;
    for (const listener of this.listeners) listener.end(end);
    this.listeners.clear();
  }

  fail(error: CourierError): void {
    this.failure = error;
    for (const listener of this.listeners) listener.fail(error);
    this.listeners.clear();
  }

  /** Whatever has come so far, then the rest as it comes. */
  listen(listener: Listener): void {
    if (this.failure !== undefined) {
      listener.fail(this.failure);
      return;
    }
    if (this.started !== undefined) listener.head(this.started.status, this.started.headers);
    for (const chunk of this.chunks) listener.data(chunk);
    if (this.ended === undefined) this.listeners.add(listener);
    else listener.end(this.ended);
  }

  forget(listener: Listener): void {
    this.listeners.delete(listener);
  }

  /** Undefined before the head has come. */
  entry(end: End): JournalEntry | undefined {
    if (this.started === undefined) return undefined;
    return { format: 1, ...this.started, body: Buffer.concat(this.chunks).toString('base64'), end };
  }
}
