import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addNote, readNotes } from './attempt-notes.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-notes-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const comment = (text: string) => ({ kind: 'comment', step: null, text }) as const;

it('keeps tags and comments, and takes them back', async () => {
  expect(await readNotes(folder)).toEqual({ tags: [], comments: [] });
  for (const tag of ['a', 'b', 'a']) await addNote(folder, { kind: 'tag', tag });
  await addNote(folder, { kind: 'untag', tag: 'a' });
  await addNote(folder, comment('first'));
  const { tags, comments } = await addNote(folder, { kind: 'comment', step: 3, text: 'second\nline' });
  expect(tags).toEqual(['b']);
  expect(comments.map(({ step, text }) => [step, text])).toEqual([
    [null, 'first'],
    [3, 'second\nline'],
  ]);
  const left = await addNote(folder, { kind: 'uncomment', id: comments[0]?.id ?? '' });
  expect(left.comments.map(({ text }) => text)).toEqual(['second\nline']);
});

it('keeps all that processes note at once', async () => {
  const program = `
    import { addNote } from ${JSON.stringify(join(import.meta.dirname, 'attempt-notes.ts'))};
    for (let at = 0; at < 20; at++) await addNote(${JSON.stringify(folder)}, { kind: 'comment', step: null, text: process.argv[1] + at });`;
  const tsx = createRequire(import.meta.url).resolve('tsx');
  const children = ['a', 'b', 'c'].map((name) =>
    spawn(process.execPath, ['--import', tsx, '--input-type=module', '-e', program, name], { stdio: 'inherit' }),
  );
  const ends = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
  expect(ends).toEqual([0, 0, 0]);
  expect(new Set((await readNotes(folder)).comments.map(({ text }) => text)).size).toBe(60);
});

it('passes over what was half-written, and goes on behind it', async () => {
  await addNote(folder, comment('before'));
  appendFileSync(join(folder, 'notes.jsonl'), '{"kind":"comment","id":"x"');
  await addNote(folder, comment('after'));
  expect((await readNotes(folder)).comments.map(({ text }) => text)).toEqual(['before', 'after']);
});

it('refuses one more than are kept instead of dropping any', async () => {
  const tags = Array.from({ length: 50 }, (_, at) => `{"kind":"tag","tag":"${at}"}\n`);
  const comments = Array.from(
    { length: 1000 },
    (_, at) => `${JSON.stringify({ ...comment('x'), id: `${at}`, at: '' })}\n`,
  );
  appendFileSync(join(folder, 'notes.jsonl'), [...tags, ...comments].join(''));
  await expect(addNote(folder, { kind: 'tag', tag: 'new' })).rejects.toMatchObject({ code: 'config-invalid' });
  await expect(addNote(folder, comment('new'))).rejects.toMatchObject({ code: 'config-invalid' });
  expect((await addNote(folder, { kind: 'tag', tag: '7' })).tags).toHaveLength(50);
});

it('follows no link', async () => {
  symlinkSync('/etc/hostname', join(folder, 'notes.jsonl'));
  await expect(readNotes(folder)).rejects.toMatchObject({ code: 'store-invalid' });
  await expect(addNote(folder, comment('x'))).rejects.toMatchObject({ code: 'store-invalid' });
});
