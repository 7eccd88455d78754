/** Texts of a shared store, which anybody who reaches it may have written. */
import type { z } from 'zod';

export type ParsedText<T> = { data: T; problem?: never } | { data?: never; problem: string };

/** What the text says, or why it does not say it. */
export function parseText<T>(schema: z.ZodType<T>, text: string): ParsedText<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: `not JSON (${error instanceof Error ? error.message : String(error)})` };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { data: parsed.data };
  return { problem: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') };
}
