/** Notes beside an attempt which account in the shared store says the same as its log here. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { readRecord } from '../base/read-record.ts';

const FILE = 'handed-in.json';
const markSchema = z.object({ digest: z.string() });

/** Digest of that account; null when there is none, or the log has grown since. `folder`: of the attempt. */
export async function handedIn(folder: string): Promise<string | null> {
  return (await readRecord(join(folder, FILE), markSchema))?.digest ?? null;
}

export async function markHandedIn(folder: string, digest: string): Promise<void> {
  await writeFileAtomic(join(folder, FILE), JSON.stringify({ digest }));
}

/** Before the log grows again. */
export async function unmarkHandedIn(folder: string): Promise<void> {
  await rm(join(folder, FILE), { force: true });
}
