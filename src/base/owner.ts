/** Who owns something on disk (a sandbox, a lock): pid and start time, so that a reused pid is not taken for the owner. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const ownerSchema = z.object({
  pid: z.number(),
  startTime: z.string(),
  labels: z.record(z.string(), z.string()).optional(),
});

/** The record of this process. */
export function ownerRecord(labels?: Readonly<Record<string, string>>): z.infer<typeof ownerSchema> {
  const startTime = startTimeOf(readFileSync('/proc/self/stat', 'latin1'));
  return { pid: process.pid, startTime, ...(labels === undefined ? {} : { labels: { ...labels } }) };
}

/** False when the process is gone, its pid was reused, or the record is unreadable. */
export async function isOwnerAlive(record: string): Promise<boolean> {
  const parsed = ownerSchema.safeParse(parseJson(record));
  return parsed.success && isProcessAlive(parsed.data.pid, parsed.data.startTime);
}

/** True for the very process: the same pid with another start time is another one. */
export async function isProcessAlive(pid: number, startTime: string): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null);
  return stat !== null && startTimeOf(stat) === startTime;
}

/** Field 22 of /proc/PID/stat: clock ticks after boot. */
function startTimeOf(stat: string): string {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // half written by a process that was killed
  }
}
