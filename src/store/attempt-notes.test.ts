import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { changeNotes, readNotes } from './attempt-notes.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-notes-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('has none where nobody said anything', async () => {
  expect(await readNotes(folder)).toEqual({ tags: [], comments: [] });
});

it('keeps every change of many at once', async () => {
  const tags = Array.from({ length: 20 }, (_, at) => `tag-${at}`);
  await Promise.all(tags.map((tag) => changeNotes(folder, (notes) => ({ ...notes, tags: [...notes.tags, tag] }))));
  expect((await readNotes(folder)).tags).toEqual(tags);
});

it('says when the file is damaged, and goes on when it is mended', async () => {
  await writeFile(join(folder, 'notes.json'), '{');
  await expect(changeNotes(folder, (notes) => notes)).rejects.toMatchObject({ code: 'store-invalid' });
  await rm(join(folder, 'notes.json'));
  expect(await changeNotes(folder, (notes) => ({ ...notes, tags: ['x'] }))).toEqual({ tags: ['x'], comments: [] });
});
