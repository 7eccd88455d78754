import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../base/digest.ts';
import { BlobStore } from '../store/blob-store.ts';
import { blobPart, blobStart } from './blob-part.ts';
import { PART_BYTES } from './documents.ts';

let folder: string;
let blobs: BlobStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-view-'));
  blobs = new BlobStore(folder);
});
afterEach(() => rm(folder, { recursive: true }));

async function put(text: string): Promise<string> {
  await blobs.encode({ text }).ready;
  return sha256(Buffer.from(text)).slice('sha256:'.length);
}

describe('blobPart', () => {
  it.each([1, 2, 3, 4])('cuts at characters of %d bytes: the parts joined are the text', async (width) => {
    const character = ['a', 'é', '€', '😀'][width - 1] ?? '';
    const text = `x${character.repeat(Math.ceil((2.5 * PART_BYTES) / width))}`;
    const hex = await put(text);
    const first = await blobPart(blobs, hex, 0);
    const parts = await Promise.all(Array.from({ length: first.parts }, (_, part) => blobPart(blobs, hex, part)));
    expect(parts).toHaveLength(3);
    expect(parts.map((part) => part.text).join('') === text).toBe(true);
  });

  it('has nothing beyond the end, and refuses what is no digest', async () => {
    const hex = await put('b'.repeat(40_000));
    expect(await blobPart(blobs, hex, 7)).toEqual({ text: '', parts: 1 });
    await expect(blobPart(blobs, '../../run.json', 0)).rejects.toMatchObject({ code: 'store-invalid' });
    await expect(blobPart(blobs, '0'.repeat(64), 0)).rejects.toMatchObject({ code: 'store-invalid' });
  });
});

describe('blobStart', () => {
  it('does not end within a character', async () => {
    const hex = await put('€'.repeat(20_000));
    expect(await blobStart(blobs, hex, 8192)).toBe('€'.repeat(2731));
  });
});
