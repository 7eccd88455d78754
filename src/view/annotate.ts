/** Tags and comments of pages. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type AttemptNotes, changeNotes } from '../store/attempt-notes.ts';
import { runPaths } from '../store/run-folder.ts';
import type { RunCache } from './run-cache.ts';

const MAX_TAGS = 50;
const MAX_COMMENTS = 1000;
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

/** Resolves to the notes as they are then. Throws `run-not-found`, `instance-not-found`, `store-invalid`, `disk-full`, `io`. */
export async function annotate(cache: RunCache, request: AnnotateRequest): Promise<AttemptNotes> {
  const { dir, record } = await cache.find(request.runId, request.folder, request.attempt);
  return await changeNotes(runPaths(dir).attempt(record), (notes) => changed(notes, request.change));
}

function changed({ tags, comments }: AttemptNotes, change: AnnotateRequest['change']): AttemptNotes {
  switch (change.kind) {
    case 'tag':
      return { tags: [...new Set([...tags, change.tag])].slice(0, MAX_TAGS), comments };
    case 'untag':
      return { tags: tags.filter((one) => one !== change.tag), comments };
    case 'comment': {
      const { step, text } = change;
      const added = { id: randomUUID(), at: new Date().toISOString(), step, text };
      return { tags, comments: [...comments, added].slice(-MAX_COMMENTS) };
    }
    default:
      return { tags, comments: comments.filter((one) => one.id !== change.id) };
  }
}
