/**
 * What people say of an attempt: tags and comments, in `notes.jsonl` beside its events, a change per line. Changes are only added, each with one write, so that several processes may
 * note at once and none loses what another one wrote. No part of the record: nothing but pages reads it, and it may be deleted at any time.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AssayError } from '../contracts/index.ts';
import { readStored } from './open-stored.ts';
import { storeError, systemCode } from './store-error.ts';

const MAX_TAGS = 50;
const MAX_COMMENTS = 1000;

const commentSchema = z.object({
  id: z.string(),
  at: z.string(),
  /** Null: about the attempt as a whole. */
  step: z.number().int().positive().nullable(),
  text: z.string(),
});
const noteSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('tag'), tag: z.string() }),
  z.object({ kind: z.literal('untag'), tag: z.string() }),
  commentSchema.extend({ kind: z.literal('comment') }),
  z.object({ kind: z.literal('uncomment'), id: z.string() }),
]);
type Note = z.infer<typeof noteSchema>;

export interface AttemptNotes {
  tags: string[];
  comments: z.infer<typeof commentSchema>[];
}

/** What somebody changes; a comment gets its id and time when it is kept. */
export type NoteChange = Exclude<Note, { kind: 'comment' }> | { kind: 'comment'; step: number | null; text: string };

const pathOf = (folder: string) => join(folder, 'notes.jsonl');

/** None when there is no file. A line that a dead process left half-written is passed over. Throws `store-invalid`, `io`. */
export async function readNotes(folder: string): Promise<AttemptNotes> {
  const path = pathOf(folder);
  let text: string;
  try {
    text = (await readStored(path)).toString('utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { tags: [], comments: [] };
    throw storeError(error, path);
  }
  const tags = new Set<string>();
  const comments = new Map<string, AttemptNotes['comments'][number]>();
  for (const note of text.split('\n').flatMap(noteOf)) {
    if (note.kind === 'tag') tags.add(note.tag);
    else if (note.kind === 'untag') tags.delete(note.tag);
    else if (note.kind === 'uncomment') comments.delete(note.id);
    else {
      const { kind: _, ...comment } = note;
      comments.set(note.id, comment);
    }
  }
  return { tags: [...tags], comments: [...comments.values()] };
}

/** Keeps a change and gives the notes as they are then. Throws `config-invalid` when there are as many as are kept, `store-invalid`, `disk-full`, `io`. */
export async function addNote(folder: string, change: NoteChange): Promise<AttemptNotes> {
  const before = await readNotes(folder);
  if (change.kind === 'tag' && before.tags.length >= MAX_TAGS && !before.tags.includes(change.tag))
    throw tooMany(`${MAX_TAGS} tags`);
  if (change.kind === 'comment' && before.comments.length >= MAX_COMMENTS) throw tooMany(`${MAX_COMMENTS} comments`);
  const note: Note = change.kind === 'comment' ? { ...change, id: randomUUID(), at: new Date().toISOString() } : change;
  // A line end before it too: what was half-written before must not swallow it.
  await append(pathOf(folder), `\n${JSON.stringify(note)}\n`);
  return await readNotes(folder);
}

async function append(path: string, line: string): Promise<void> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    const handle = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o644);
    try {
      await handle.write(line);
      await handle.datasync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw storeError(error, path);
  }
}

function noteOf(line: string): Note[] {
  try {
    return [noteSchema.parse(JSON.parse(line))];
  } catch {
    return [];
  }
}

function tooMany(limit: string): AssayError {
  return new AssayError('config-invalid', `The attempt has ${limit} already.`, {
    class: 'input',
    retryable: false,
    hint: 'Remove what is not needed any more.',
  });
}
