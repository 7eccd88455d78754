/** Texts of logs as the pages get them: short ones whole, of long ones the start and where the rest is. */
import type { ImageBox, LongMember, TextBox } from './documents.ts';
import type { BlobReference, StoredPart, StoredText } from './stored-event.ts';

/** Characters of one text within a document. Single strings of a log that are longer are blobs, but for those that have no UTF-8 form. */
const SHOWN_CHARACTERS = 256 * 1024;
/** Bytes of a blob within a document. */
const BLOB_START_BYTES = 8 * 1024;
/** Nesting of a tool call's input that is shown. */
const MAX_DEPTH = 64;

/** Gives the first bytes of a blob as text, cut at a character. */
export type ReadStart = (digest: string, bytes: number) => Promise<string>;

export async function textBox(text: StoredText, readStart: ReadStart): Promise<TextBox> {
  if (typeof text === 'string') {
    return startBox(text, SHOWN_CHARACTERS);
  }
  const blob = text.$blob.slice('sha256:'.length);
  return { text: await readStart(blob, BLOB_START_BYTES), bytes: text.bytes, blob, cut: false };
}

/** The first characters of a text that stands in no blob. */
export function startBox(text: string, characters: number): TextBox {
  const start = text.slice(0, characters);
  return { text: start, bytes: Buffer.byteLength(text), blob: null, cut: start.length < text.length };
}

export async function partBoxes(
  parts: readonly StoredPart[],
  readStart: ReadStart,
): Promise<{ texts: TextBox[]; images: ImageBox[] }> {
  const texts: TextBox[] = [];
  const images: ImageBox[] = [];
  for (const part of parts) {
    if (part.type === 'text') texts.push(await textBox(part.text, readStart));
    else images.push({ mediaType: part.mediaType, data: await imageData(part.data, readStart) });
  }
  return { texts, images };
}

/** Half an image is none: what is in the log whole stays whole. */
async function imageData(data: StoredText, readStart: ReadStart): Promise<TextBox> {
  return typeof data === 'string' ? startBox(data, data.length) : await textBox(data, readStart);
}

/** What a tool was asked: a command as it was typed, a raw string as it is, anything else as indented JSON with the starts of long strings. */
export async function inputBox(input: unknown, readStart: ReadStart): Promise<TextBox> {
  const command = soleCommand(input);
  if (command !== undefined) return await textBox(command, readStart);
  const shown = typeof input === 'string' ? input : JSON.stringify(await withStarts(input, readStart, 0), null, 2);
  return await textBox(shown ?? '', readStart);
}

/** The long texts within a value, of which its JSON has the starts or the references. */
export async function longMembers(value: unknown, readStart: ReadStart, keys: string[] = []): Promise<LongMember[]> {
  if (value === null || typeof value !== 'object' || keys.length > MAX_DEPTH) return [];
  if (isBlobReference(value)) return [{ name: keys.join('.'), text: await textBox(value, readStart) }];
  const found = Object.entries(value).map(([key, member]) => longMembers(member, readStart, [...keys, key]));
  return (await Promise.all(found)).flat();
}

/** The command of an input that has nothing else, as shells are asked. */
export function soleCommand(input: unknown): StoredText | undefined {
  if (isBlobReference(input)) return input;
  if (input === null || typeof input !== 'object') return undefined;
  const entries = Object.entries(input);
  const [key, value] = entries[0] ?? [];
  if (entries.length !== 1 || key !== 'command') return undefined;
  return typeof value === 'string' || isBlobReference(value) ? value : undefined;
}

async function withStarts(value: unknown, readStart: ReadStart, depth: number): Promise<unknown> {
  if (value === null || typeof value !== 'object') return value;
  if (depth > MAX_DEPTH) return '...';
  if (isBlobReference(value)) {
    const { text, bytes } = await textBox(value, readStart);
    return `${text}... (${bytes} bytes in all)`;
  }
  if (Array.isArray(value)) return await Promise.all(value.map((member) => withStarts(member, readStart, depth + 1)));
  const entries = Object.entries(value).map(async ([key, member]) => [
    /^\$+blob$/.test(key) ? key.slice(1) : key,
    await withStarts(member, readStart, depth + 1),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

export function isBlobReference(value: unknown): value is BlobReference {
  const digest = (value as { $blob?: unknown } | null)?.$blob;
  return typeof digest === 'string' && /^sha256:[0-9a-f]{64}$/.test(digest);
}
