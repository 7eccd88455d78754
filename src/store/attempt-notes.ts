/** What people say of an attempt: tags and comments, in `notes.json` beside its events. No part of the record: nothing but pages reads it, and it may be deleted at any time. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { storeError, storeInvalid, systemCode } from './store-error.ts';

const commentSchema = z.object({
  id: z.string(),
  at: z.string(),
  /** Null: about the attempt as a whole. */
  step: z.number().int().positive().nullable(),
  text: z.string(),
});
const notesSchema = z.object({ tags: z.array(z.string()), comments: z.array(commentSchema) });
export type AttemptNotes = z.infer<typeof notesSchema>;

/** None when there is no file. Throws `store-invalid`, `io`. */
export async function readNotes(folder: string): Promise<AttemptNotes> {
  const path = join(folder, 'notes.json');
  try {
    return notesSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { tags: [], comments: [] };
    if (error instanceof SyntaxError || error instanceof z.ZodError)
      throw storeInvalid(`${path} holds no notes: ${error.message}`, { path }, error);
    throw storeError(error, path);
  }
}

/** Edits of one file by this process, in order. */
const underWay = new Map<string, Promise<unknown>>();

/** Reads, changes and writes the notes of an attempt whose folder is there; several changes at once follow each other. Throws like `readNotes`, and `disk-full`. */
export async function changeNotes(
  folder: string,
  change: (notes: AttemptNotes) => AttemptNotes,
): Promise<AttemptNotes> {
  const path = join(folder, 'notes.json');
  const before = underWay.get(path) ?? Promise.resolve();
  const work = before
    .catch(() => {})
    .then(async () => {
      const notes = change(await readNotes(folder));
      await writeFileAtomic(path, `${JSON.stringify(notes, null, 2)}\n`).catch((error: unknown) => {
        throw storeError(error, path);
      });
      return notes;
    });
  underWay.set(path, work);
  return await work.finally(() => {
    if (underWay.get(path) === work) underWay.delete(path);
  });
}
