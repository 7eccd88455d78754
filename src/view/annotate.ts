/** Tags and comments of pages. */
import { z } from 'zod';
import { type AttemptNotes, addNote } from '../store/attempt-notes.ts';
import { runPaths } from '../store/run-folder.ts';
import type { RunCache } from './run-cache.ts';

const tag = z.string().trim().min(1).max(60);

/** One change of the notes of an attempt. */
export const annotateRequestSchema = z.strictObject({
  runId: z.string(),
  folder: z.string(),
  attempt: z.number().int().positive(),
  change: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('tag'), tag }),
    z.strictObject({ kind: z.literal('untag'), tag }),
    z.strictObject({
      kind: z.literal('comment'),
      step: z.number().int().positive().nullable(),
      text: z.string().trim().min(1).max(10_000),
    }),
    z.strictObject({ kind: z.literal('uncomment'), id: z.string() }),
  ]),
});
export type AnnotateRequest = z.infer<typeof annotateRequestSchema>;

/** Resolves to the notes as they are then. Throws `run-not-found`, `instance-not-found`, `config-invalid` when there are too many, `store-invalid`, `disk-full`, `io`. */
export async function annotate(cache: RunCache, request: AnnotateRequest): Promise<AttemptNotes> {
  const { dir, record } = await cache.find(request.runId, request.folder, request.attempt);
  return await addNote(runPaths(dir).attempt(record), request.change);
}
