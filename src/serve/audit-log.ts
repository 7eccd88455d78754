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

/** Streams of the data plane that say nothing about who may do what, and come by the thousand. */
const QUIET = /\/(stdin|ack)$/;

export class AuditLog {
  private readonly path: string;
  private turn: Promise<unknown>;

  constructor(path: string) {
    this.path = path;
    this.turn = makeFolder(dirname(path));
    this.turn.catch(() => {}); // told to the first write
  }

  /** Resolves when the line is with the operating system. */
  write(entry: AuditEntry): Promise<void> {
    const matters = entry.status >= 400 || (entry.method !== 'GET' && !QUIET.test(entry.pattern));
    if (!matters) return Promise.resolve();
    const line = `${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`;
    const written = this.turn.then(() => appendFile(this.path, line, { mode: 0o600 }));
    this.turn = written.catch(() => {});
    return written;
  }
}
