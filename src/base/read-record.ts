/** Small JSON files that are caches of facts: what is missing, torn or of an older shape counts as not there, and is made again. */
import { readFile } from 'node:fs/promises';
import type { z } from 'zod';

/** The record, or null. Throws only i/o errors other than "not there". */
export async function readRecord<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
