/**
 * Who asked for what and was answered how: one JSON object per line, for every request that changes something or was refused. Holds no keys and no bodies. Nobody fills a disk
 * with it: paths are cut, old files go, and of requests without a key that come in masses the most are only counted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { RotatingFile } from '../base/rotating-file.ts';
import { RateLimit } from './keys/rate-limit.ts';

export interface AuditEntry {
  id?: string;
  method: string;
  /** The route; `UNKNOWN_ROUTE` for a path that is none. */
  pattern: string;
  path: string;
  status: number;
  /** `key <id>`, `sandbox <id>`, or `NOBODY`. */
  who: string;
  from: string | undefined;
}

/** Of a request that was not let in. */
export const NOBODY = '-';
export const UNKNOWN_ROUTE = 'unknown';

/** Of the data plane: they say nothing about who may do what, and come by the thousand. */
const QUIET = /^(POST .*\/(stdin|ack)|DELETE .*\/processes\/\{process\})$/;
const MAX_PATH = 200;
const FILE = { maxBytes: 32 * 1024 ** 2, kept: 4 };
/** Refusals of nobody that get a line of their own. */
const STRANGERS = { perSecond: 1 / 3, burst: 30 };
const COUNTS_EVERY_MS = 60_000;
const GATHER_MS = 50;

export class AuditLog {
  private readonly file: RotatingFile;
  private readonly strangers = new RateLimit();
  private readonly timer: NodeJS.Timeout;
  /** Refusals without a line of their own, by status and route. */
  private counts: Record<string, number> = {};
  private turn: Promise<unknown> = Promise.resolve();
  /** Lines that go with the next write. */
  private waiting: string[] = [];
  private nextWrite: Promise<void> | undefined;

  /** `onError` is told of counts that could not be written. */
  constructor(path: string, onError: (error: unknown) => void) {
    this.file = new RotatingFile({ path, ...FILE });
    this.timer = setInterval(() => void this.writeCounts().catch(onError), COUNTS_EVERY_MS);
    this.timer.unref();
  }

  /** Resolves when the line is with the operating system, at once for what has none. */
  async write(entry: AuditEntry): Promise<void> {
    if (!matters(entry)) return;
    if (entry.who === NOBODY && !this.mayNote(entry)) {
      const name = `${entry.status} ${entry.pattern}`;
      this.counts[name] = (this.counts[name] ?? 0) + 1;
      return;
    }
    await this.append({ ...entry, path: cut(entry.path) });
  }

  /** Resolves when all is written. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.writeCounts();
    await this.turn;
  }

  private mayNote({ pattern }: AuditEntry): boolean {
    return pattern !== UNKNOWN_ROUTE && this.strangers.take(NOBODY, STRANGERS, performance.now()) === 0;
  }

  private async writeCounts(): Promise<void> {
    const { counts } = this;
    if (Object.keys(counts).length === 0) return;
    this.counts = {};
    await this.append({ who: NOBODY, counts });
  }

  private append(line: object): Promise<void> {
    this.waiting.push(`${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`);
    this.nextWrite ??= this.beginWrite();
    return this.nextWrite;
  }

  /** What comes in a short time is written together. */
  private beginWrite(): Promise<void> {
    const written = Promise.all([this.turn, sleep(GATHER_MS)]).then(() => {
      this.nextWrite = undefined;
      return this.file.append(this.waiting.splice(0).join(''));
    });
    this.turn = written.catch(() => {}); // told to who wrote
    return written;
  }
}

function matters({ method, pattern, status }: AuditEntry): boolean {
  return status >= 400 || (method !== 'GET' && !QUIET.test(`${method} ${pattern}`));
}

function cut(path: string): string {
  return path.length <= MAX_PATH ? path : `${path.slice(0, MAX_PATH)}... (${path.length} characters)`;
}
