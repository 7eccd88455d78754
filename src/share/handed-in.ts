/** Notes beside an attempt which account in the shared store says the same as its log here. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { readRecord } from '../base/read-record.ts';

const FILE = 'handed-in.json';
const markSchema = z.object({
  /** Of the account. */
  digest: z.string(),
  /** Of the claim under which this process told it; absent for the account of another one. */
  token: z.number().int().optional(),
});
export type HandedIn = z.infer<typeof markSchema>;

/** Null when there is no such account, or the log has grown since. `folder`: of the attempt. */
export async function handedIn(folder: string): Promise<HandedIn | null> {
  return await readRecord(join(folder, FILE), markSchema);
}

export async function markHandedIn(folder: string, mark: HandedIn): Promise<void> {
  await writeFileAtomic(join(folder, FILE), JSON.stringify(mark));
}

/** Before the log grows again. */
export async function unmarkHandedIn(folder: string): Promise<void> {
  await rm(join(folder, FILE), { force: true });
}
