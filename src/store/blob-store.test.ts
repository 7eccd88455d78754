import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BlobStore, INLINE_BYTES } from './blob-store.ts';

let dir: string;
let blobs: BlobStore;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'assay-blobs-'));
  blobs = new BlobStore(dir);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function roundTrip(value: unknown): Promise<unknown> {
  const { line, ready } = blobs.encode(value);
  await ready;
  expect(line).not.toContain('\n');
  return await blobs.decode(line);
}

test('any data comes back as it went in, also data that looks like a reference', async () => {
  const large = fc.constantFrom('a'.repeat(INLINE_BYTES + 1), 'ü'.repeat(INLINE_BYTES), `${'b'.repeat(40_000)}\ud800`);
  const key = fc.constantFrom('$blob', '$$blob', '$$$blob', 'bytes', '__proto__', 'x');
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue(),
      large,
      fc.dictionary(key, tie('tree')),
      fc.array(tie('tree')),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(tree, async (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      expect(JSON.stringify(await roundTrip(plain))).toBe(JSON.stringify(plain));
    }),
    { numRuns: 150 },
  );
});

test('only strings beyond the limit leave the line', () => {
  expect(blobs.encode({ text: 'a'.repeat(INLINE_BYTES) }).line.length).toBeGreaterThan(INLINE_BYTES);
  expect(blobs.encode({ text: 'a'.repeat(INLINE_BYTES + 1) }).line.length).toBeLessThan(200);
  expect(blobs.encode({ text: `${'a'.repeat(INLINE_BYTES)}\udc00` }).line.length).toBeGreaterThan(INLINE_BYTES);
});

test('a tool input that imitates a reference reads no blob', async () => {
  const input = { $blob: `sha256:${'0'.repeat(64)}`, bytes: 1 };
  expect(await roundTrip({ input })).toEqual({ input });
});
