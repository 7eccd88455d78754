/** When the issues of instances were made, from tables in the form of SWE-bench's data sets. Pure. */
import { z } from 'zod';

/** By instance, in milliseconds since 1970. */
export type CreationDates = ReadonlyMap<string, number>;

const rowSchema = z.object({ instance_id: z.string(), created_at: z.string() });

/** Rows without an id, or with a date that cannot be read, say nothing. Of two dates for one instance the later counts: it is the one that a guard must not miss. */
export function creationDates(rows: readonly unknown[]): Map<string, number> {
  const dates = new Map<string, number>();
  for (const row of rows) {
    const parsed = rowSchema.safeParse(row);
    const time = parsed.success ? Date.parse(parsed.data.created_at) : Number.NaN;
    if (!parsed.success || Number.isNaN(time)) continue;
    const { instance_id: id } = parsed.data;
    dates.set(id, Math.max(time, dates.get(id) ?? time));
  }
  return dates;
}
