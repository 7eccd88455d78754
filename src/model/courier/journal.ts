/**
 * Replies that were paid for, one file each, named by the digest of the call's key and body: the same question under the same key finds its answer again. `NAME.sent`: the question
 * has been sent, or was about to be. `NAME.json`: the answer. A mark without an answer and without a courier at work on it may have been paid for.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { readRecord } from '../../base/read-record.ts';
import { endSchema } from './courier-protocol.ts';

export const journalEntrySchema = z.object({
  format: z.literal(1),
  status: z.number().int(),
  headers: z.record(z.string(), z.string()),
  /** Base64. */
  body: z.string(),
  /** Other than `complete`: paid for, perhaps, and unusable. */
  end: endSchema,
});
export type JournalEntry = z.infer<typeof journalEntrySchema>;

/** Name of the entry for a call. */
export function entryName(key: string, body: Uint8Array): string {
  return createHash('sha256').update(`${key}\0`).update(body).digest('hex');
}

export class Journal {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  find(name: string): Promise<JournalEntry | null> {
    return readRecord(this.file(`${name}.json`), journalEntrySchema);
  }

  wasSent(name: string): boolean {
    return existsSync(this.file(`${name}.sent`));
  }

  async markSent(name: string): Promise<void> {
    await writeFileAtomic(this.file(`${name}.sent`), '', 0o600);
  }

  async unmarkSent(name: string): Promise<void> {
    await rm(this.file(`${name}.sent`), { force: true });
  }

  /** Durable when it resolves. */
  async save(name: string, entry: JournalEntry): Promise<void> {
    await writeFileAtomic(this.file(`${name}.json`), JSON.stringify(entry), 0o600);
  }

  private file(name: string): string {
    return join(this.folder, name);
  }
}
