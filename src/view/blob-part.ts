/** Large texts piece by piece: pages load the next part when somebody wants to read on. */
import type { BlobStore } from '../store/blob-store.ts';
import { PART_BYTES, type TextPartDocument } from './documents.ts';

/** Bytes of the longest character in UTF-8, less one. */
const OVERHANG = 3;

/** Part `part` (from 0) of a blob. Parts joined are the whole text: each begins and ends at a character. Throws `store-invalid`, `io`. */
export async function blobPart(blobs: BlobStore, hex: string, part: number): Promise<TextPartDocument> {
  const from = part * PART_BYTES;
  const { data, size } = await blobs.readBytes(`sha256:${hex}`, from, PART_BYTES + OVERHANG);
  return { text: wholeCharacters(data, from > 0, PART_BYTES), parts: Math.max(1, Math.ceil(size / PART_BYTES)) };
}

/** The start of a blob, of about `bytes` bytes. Throws `store-invalid`, `io`. */
export async function blobStart(blobs: BlobStore, hex: string, bytes: number): Promise<string> {
  const { data } = await blobs.readBytes(`sha256:${hex}`, 0, bytes + OVERHANG);
  return wholeCharacters(data, false, bytes);
}

/** The characters that begin within the first `length` bytes; those that begin before `data` belong to what stands before it. */
function wholeCharacters(data: Buffer, continued: boolean, length: number): string {
  const start = continued ? nextCharacter(data, 0) : 0;
  return data.toString('utf8', start, data.length <= length ? data.length : nextCharacter(data, length));
}

/** The first place from `at` on where a character begins. */
function nextCharacter(data: Buffer, at: number): number {
  let place = at;
  while (place < data.length && place < at + OVERHANG && ((data[place] ?? 0) & 0xc0) === 0x80) place++;
  return place;
}
