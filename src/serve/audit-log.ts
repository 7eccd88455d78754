/** Who asked for what and was answered how: one JSON object per line, for every request that changes something or was refused. Holds no keys and no bodies. */
import { appendFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../base/make-folder.ts';

export interface AuditEntry {
  id?: string;
  method: string;
  /** The route. */
  pattern: string;
  path: string;
  status: number;
  /** `key <id>`, `sandbox <id>`, or `-` when nobody was let in. */
  who: string;
  from: string | undefined;
}

/** Of the data plane: they say nothing about who may do what, and come by the thousand. */
const QUIET = /^(POST .*\/(stdin|ack)|DELETE .*\/processes\/\{process\})$/;

export class AuditLog {
  private readonly path: string;
  private turn: Promise<unknown>;
  /** Lines that go with the next write. */
  private waiting: string[] = [];
  private nextWrite: Promise<void> | undefined;

  constructor(path: string) {
    this.path = path;
    this.turn = makeFolder(dirname(path));
    this.turn.catch(() => {}); // told to the first write
  }

  /** Resolves when the line is with the operating system. */
  write(entry: AuditEntry): Promise<void> {
    const { method, pattern, status } = entry;
    const matters = status >= 400 || (method !== 'GET' && !QUIET.test(`${method} ${pattern}`));
    if (!matters) return Promise.resolve();
    this.waiting.push(`${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`);
    this.nextWrite ??= this.beginWrite();
    return this.nextWrite;
  }

  /** What comes while a write goes on is written together. */
  private beginWrite(): Promise<void> {
    const written = this.turn.then(() => {
      this.nextWrite = undefined;
      return appendFile(this.path, this.waiting.splice(0).join(''), { mode: 0o600 });
    });
    this.turn = written.catch(() => {}); // told to who wrote
    return written;
  }
}
