/**
 * One append-only log. An append resolves when its line is on disk. Appends that arrive while a flush is under way wait for the next one and
 * share it (group commit), so many writers cost few flushes. Lines keep the order of the calls.
 */
import type { AssayError } from '../contracts/index.ts';
import type { EncodedEvent } from './blob-store.ts';
import { type LogFile, openLogFile } from './log-file.ts';
import { storeError } from './store-error.ts';

interface Waiting {
  event: EncodedEvent;
  resolve: () => void;
  reject: (error: AssayError) => void;
}

export class EventLog {
  readonly path: string;
  private readonly openFile: (path: string) => Promise<LogFile>;
  private file: LogFile | null = null;
  /** Bytes that are known to be on disk. */
  private durable = 0;
  private queue: Waiting[] = [];
  private flushing: Promise<void> | null = null;
  private failure: AssayError | null = null;

  constructor(path: string, openFile: (path: string) => Promise<LogFile> = openLogFile) {
    this.path = path;
    this.openFile = openFile;
  }

  /** Opens the file at the first call. After a failure every call rejects with that failure: what is on disk stays whole. */
  append(event: EncodedEvent): Promise<void> {
    event.ready.catch(() => {}); // awaited in the flush; must not count as unhandled until then
    if (this.failure !== null) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.queue.push({ event, resolve, reject });
      this.flushing ??= this.flush();
    });
  }

  /** Waits for the appends under way and closes the file. A later append opens it again. */
  async release(): Promise<void> {
    while (this.flushing !== null) await this.flushing;
    const file = this.file;
    this.file = null;
    await file?.close();
  }

  private async flush(): Promise<void> {
    // One turn of the event loop: what others append right now joins the first flush.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.queue.length > 0) {
      const batch = this.queue;
      this.queue = [];
      try {
        await this.write(batch);
        for (const waiting of batch) waiting.resolve();
      } catch (error) {
        await this.fail(storeError(error, this.path), batch);
      }
    }
    this.flushing = null;
  }

  private async write(batch: readonly Waiting[]): Promise<void> {
    await Promise.all(batch.map((waiting) => waiting.event.ready));
    if (this.file === null) {
      this.file = await this.openFile(this.path);
      this.durable = this.file.size;
    }
    const data = Buffer.from(batch.map((waiting) => `${waiting.event.line}\n`).join(''), 'utf8');
    await this.file.write(data);
    await this.file.sync();
    this.durable += data.length;
  }

  private async fail(failure: AssayError, batch: readonly Waiting[]): Promise<void> {
    this.failure = failure;
    try {
      await this.file?.truncate(this.durable);
    } catch {
      // The torn end stays; the next opening cuts it. The failure itself is what the callers get.
    }
    for (const waiting of [...batch, ...this.queue]) waiting.reject(failure);
    this.queue = [];
  }
}
