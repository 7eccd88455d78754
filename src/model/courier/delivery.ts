/** One request on its way: the answer as it comes in, for any number of listeners, and its durable form. */
import { z } from 'zod';

/** What stands in the journal: a whole 2xx answer, or one that was cut off (paid for, unusable). */
export const journalEntrySchema = z.object({
  format: z.literal(1),
  status: z.number().int(),
  headers: z.record(z.string(), z.string()),
  /** Base64. */
  body: z.string(),
  complete: z.boolean(),
});
export type JournalEntry = z.infer<typeof journalEntrySchema>;

export interface Listener {
  head(status: number, headers: Record<string, string>): void;
  data(chunk: Buffer): void;
  /** `complete: false`: the connection to the provider broke. */
  end(complete: boolean, error?: string): void;
}

export class Delivery {
  private status = 0;
  private headers: Record<string, string> = {};
  private readonly chunks: Buffer[] = [];
  private readonly listeners = new Set<Listener>();
  private ended: { complete: boolean; error?: string } | undefined;

  head(status: number, headers: Record<string, string>): void {
    this.status = status;
    this.headers = headers;
    for (const listener of this.listeners) listener.head(status, headers);
  }

  data(chunk: Buffer): void {
    this.chunks.push(chunk);
    for (const listener of this.listeners) listener.data(chunk);
  }

  /** Call it only when the answer is durable: the end is what tells a listener that it may act. */
  end(complete: boolean, error?: string): void {
    this.ended = { complete, ...(error === undefined ? {} : { error }) };
    for (const listener of this.listeners) listener.end(complete, error);
    this.listeners.clear();
  }

  /** Whatever has come so far, then the rest as it comes. */
  listen(listener: Listener): void {
    if (this.status !== 0) listener.head(this.status, this.headers);
    for (const chunk of this.chunks) listener.data(chunk);
    if (this.ended === undefined) this.listeners.add(listener);
    else listener.end(this.ended.complete, this.ended.error);
  }

  forget(listener: Listener): void {
    this.listeners.delete(listener);
  }

  entry(complete: boolean): JournalEntry {
    return {
      format: 1,
      status: this.status,
      headers: this.headers,
      body: Buffer.concat(this.chunks).toString('base64'),
      complete,
    };
  }
}
