import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readTar, type TarEntry } from './tar-reader.ts';
import { TAR_END, type TarHead, tarHead, tarPadding } from './tar-writer.ts';

const BARE: TarHead = {
  name: 'file',
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: 0,
  size: 0,
  linkName: '',
  major: 0,
  minor: 0,
  attributes: new Map(),
};

async function read(archive: Buffer, chunk = 1000): Promise<{ entry: TarEntry; content: string }[]> {
  const chunks = Array.from({ length: Math.ceil(archive.length / chunk) }, (_, index) =>
    archive.subarray(index * chunk, (index + 1) * chunk),
  );
  const found = [];
  for await (const entry of readTar(Readable.from(chunks))) {
    const parts: Buffer[] = [];
    for await (const part of entry.content()) parts.push(part);
    found.push({ entry, content: Buffer.concat(parts).toString('latin1') });
  }
  return found;
}

const member = (head: Partial<TarHead>, content = '') => {
  const bytes = Buffer.from(content, 'latin1');
  return Buffer.concat([tarHead({ ...BARE, ...head, size: bytes.length }), bytes, tarPadding(bytes.length)]);
};

test('what was written is read again, byte for byte, however the chunks fall', async () => {
  const name = fc.string({
    unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
    minLength: 1,
    maxLength: 300,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          name: name.filter((one) => !one.endsWith('/')),
          content: fc.string({
            unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
            maxLength: 1500,
          }),
          uid: fc.integer({ min: 0, max: 2 ** 32 }),
          mode: fc.integer({ min: 0, max: 0o7777 }),
          mtime: fc.integer({ min: -1000, max: 2 ** 34 }),
          value: name,
        }),
        { maxLength: 5 },
      ),
      fc.integer({ min: 1, max: 3000 }),
      async (files, chunk) => {
        const members = files.map(({ value, content, ...head }) =>
          member({ ...head, attributes: new Map([['user.test', value]]) }, content),
        );
        const found = await read(Buffer.concat([...members, TAR_END]), chunk);
        expect(
          found.map(({ entry: { name, uid, mode, mtime, attributes }, content }) => ({
            name,
            uid,
            mode,
            mtime,
            value: attributes.get('user.test'),
            content,
          })),
        ).toEqual(
          files.map(({ name, uid, mode, mtime, value, content }) => ({ name, uid, mode, mtime, value, content })),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test('links, devices and unread content', async () => {
  const archive = Buffer.concat([
    member({ name: 'skipped' }, 'x'.repeat(5000)),
    member({ name: 'l', type: 'symlink', linkName: `/${'deep/'.repeat(40)}target` }),
    member({ name: 'd', type: 'character', major: 1, minor: 3 }),
    TAR_END,
  ]);
  const kinds: unknown[] = [];
  for await (const { name, type, linkName, major, minor } of readTar(Readable.from([archive])))
    kinds.push([name, type, linkName.length, major, minor]);
  expect(kinds).toEqual([
    ['skipped', 'file', 0, 0, 0],
    ['l', 'symlink', 207, 0, 0],
    ['d', 'character', 0, 1, 3],
  ]);
});

test('GNU long names and base-256 numbers', async () => {
  const long = `${'n/'.repeat(150)}end`;
  const head = member({ name: 'short' });
  head.write('L', 156);
  const big = member({ name: 'cut' });
  big.writeUInt16BE(0x8000, 108);
  big.writeUIntBE(3_000_000_000, 110, 6);
  const archive = Buffer.concat([
    withChecksum(head, long.length + 1),
    Buffer.from(`${long}\0`),
    tarPadding(long.length + 1),
    withChecksum(big),
    TAR_END,
  ]);
  const [found] = await read(archive);
  expect(found?.entry).toMatchObject({ name: long, uid: 3_000_000_000 });
});

test('damage is told, not guessed around', async () => {
  const whole = Buffer.concat([member({ name: 'a' }, 'content'), TAR_END]);
  const flipped = Buffer.from(whole);
  flipped.writeUInt8(0x41, 3);
  await expect(read(flipped)).rejects.toThrow('damaged');
  await expect(read(whole.subarray(0, 515))).rejects.toThrow('cut off');
  await expect(read(Buffer.from('<html>'.repeat(200)))).rejects.toThrow('no tar archive');
  const sparse = member({ name: 'huge' });
  sparse.write('S', 156);
  await expect(read(withChecksum(sparse))).rejects.toThrow('sparse');
});

test.each(['512.5', '-512', '0x200', '1e3', ' 5', '9007199254740993'])('a size of %j is damage', async (size) => {
  const record = ` size=${size}\n`;
  const length = record.length + 2;
  const header = member({ name: 'pax' }, `${length}${record}`);
  header.write('x', 156);
  const archive = Buffer.concat([withChecksum(header), member({ name: 'a' }, 'x'.repeat(1024)), TAR_END]);
  await expect(read(archive)).rejects.toThrow('a number in a pax header is damaged');
});

function withChecksum(block: Buffer, size?: number): Buffer {
  if (size !== undefined) block.write(size.toString(8).padStart(11, '0'), 124);
  block.fill(0x20, 148, 156);
  const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
