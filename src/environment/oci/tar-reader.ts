/**
 * Reads tar archives: ustar, GNU long names, pax (POSIX.1-2001), numbers in base 256. Names and link targets are bytes, carried as latin1 strings (one character for each
 * byte), so that names which are no UTF-8 pass unharmed. The library used elsewhere decodes them and does not tell sparse members from others.
 */
import { ByteSource } from './byte-source.ts';

export type TarType = 'file' | 'link' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo';

export interface TarEntry {
  /** latin1, as it stands in the archive. */
  name: string;
  type: TarType;
  mode: number;
  uid: number;
  gid: number;
  /** Seconds, may be a fraction. */
  mtime: number;
  /** Of the content that follows. */
  size: number;
  /** latin1; empty for other types than links. */
  linkName: string;
  major: number;
  minor: number;
  /** Extended attributes, from pax records `SCHILY.xattr.*`; latin1. */
  attributes: Map<string, string>;
  /** Where the content begins in the archive. */
  offset: number;
  /** The content; what is not read is skipped. */
  content(): AsyncGenerator<Buffer>;
}

/** What cannot be read as a tar archive. */
export class TarError extends Error {}

const BLOCK = 512;
const MAX_EXTENSION = 4 * 1024 ** 2;
const CHUNK = 256 * 1024;

const TYPES: Record<string, TarType> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

/** The members in order. Throws `TarError` for what is damaged, cut off, sparse, or of a type that no image holds. */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const bytes = new ByteSource(source);
  const globals = new Map<string, string>();
  let extensions = new Map<string, string>();
  for (;;) {
    const header = await bytes.read(BLOCK);
    if (header.length === 0 || isZero(header)) break;
    if (header.length < BLOCK) throw new TarError('the archive is cut off');
    demandChecksum(header);
    const flag = String.fromCharCode(header[156] ?? 0);
    const size = number(header, 124, 12);
    if ('xgLK'.includes(flag)) {
      if (size > MAX_EXTENSION) throw new TarError(`an extended header of ${size} bytes`);
      const body = await readPadded(bytes, size);
      if (flag === 'L') extensions.set('path', untilZero(body));
      else if (flag === 'K') extensions.set('linkpath', untilZero(body));
      else for (const [key, value] of paxRecords(body)) (flag === 'g' ? globals : extensions).set(key, value);
      continue;
    }
    const entry = entryOf(header, flag, new Map([...globals, ...extensions]), bytes);
    extensions = new Map();
    const end = entry.offset + Math.ceil(entry.size / BLOCK) * BLOCK;
    yield entry;
    while (bytes.position < end) {
      if ((await bytes.some(Math.min(CHUNK, end - bytes.position))) === undefined)
        throw new TarError('the archive is cut off');
    }
  }
  // Archives are padded with zeros to whole records; whoever checks a digest needs all of it to pass.
  while ((await bytes.some(CHUNK)) !== undefined);
}

function entryOf(header: Buffer, flag: string, pax: Map<string, string>, bytes: ByteSource): TarEntry {
  const type = TYPES[flag];
  const name = pax.get('path') ?? headerName(header);
  if (flag === 'S' || [...pax.keys()].some((key) => key.startsWith('GNU.sparse.')))
    throw new TarError(`${printable(name)} is a sparse file`);
  if (type === undefined) throw new TarError(`${printable(name)} is of the unknown type ${JSON.stringify(flag)}`);
  const attributes = new Map<string, string>();
  for (const [key, value] of pax) {
    if (key.startsWith('SCHILY.xattr.')) attributes.set(key.slice('SCHILY.xattr.'.length), value);
  }
  const hasContent = type === 'file';
  const size = hasContent ? (whole(pax.get('size')) ?? number(header, 124, 12)) : 0;
  const offset = bytes.position;
  return {
    name,
    type: type === 'file' && name.endsWith('/') ? 'directory' : type, // as old archives tell folders
    mode: number(header, 100, 8) & 0o7777,
    uid: whole(pax.get('uid')) ?? number(header, 108, 8),
    gid: whole(pax.get('gid')) ?? number(header, 116, 8),
    mtime: time(pax.get('mtime')) ?? number(header, 136, 12),
    size,
    linkName: pax.get('linkpath') ?? untilZero(header.subarray(157, 257)),
    major: number(header, 329, 8),
    minor: number(header, 337, 8),
    attributes,
    offset,
    content: () => contentOf(bytes, offset, size),
  };
}

async function* contentOf(bytes: ByteSource, offset: number, size: number): AsyncGenerator<Buffer> {
  while (bytes.position < offset + size) {
    const part = await bytes.some(Math.min(CHUNK, offset + size - bytes.position));
    if (part === undefined) throw new TarError('the archive is cut off');
    yield part;
  }
}

async function readPadded(bytes: ByteSource, size: number): Promise<Buffer> {
  const padded = Math.ceil(size / BLOCK) * BLOCK;
  const body = await bytes.read(padded);
  if (body.length < padded) throw new TarError('the archive is cut off');
  return body.subarray(0, size);
}

/** `LENGTH KEY=VALUE\n`, the length counts itself. */
function* paxRecords(body: Buffer): Generator<[string, string]> {
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString('latin1', at, space));
    const record = body.toString('latin1', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    if (space < 0 || !Number.isInteger(length) || length < 5 || at + length > body.length || equals < 1)
      throw new TarError('a pax header is damaged');
    yield [record.slice(0, equals), record.slice(equals + 1)];
    at += length;
  }
}

function headerName(header: Buffer): string {
  const name = untilZero(header.subarray(0, 100));
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? untilZero(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Octal text, or base 256 when the first bit is set. */
function number(header: Buffer, at: number, length: number): number {
  const first = header[at] ?? 0;
  if ((first & 0x80) !== 0) {
    let value = first & 0x3f;
    for (let index = 1; index < length; index++) value = value * 256 + (header[at + index] ?? 0);
    if ((first & 0x40) !== 0 || !Number.isSafeInteger(value)) throw new TarError('a number is out of range');
    return value;
  }
  const text = untilZero(header.subarray(at, at + length)).trim();
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text)) throw new TarError('a number is damaged');
  return Number.parseInt(text, 8);
}

/** Pax numbers are decimal digits. */
function whole(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new TarError('a number in a pax header is damaged');
  return value;
}

/** Seconds, with a fraction and a sign where there is one. */
function time(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^-?\d{1,15}(\.\d*)?$/.test(text)) throw new TarError('a time in a pax header is damaged');
  return Number(text);
}

function demandChecksum(header: Buffer): void {
  const told = Number.parseInt(header.toString('latin1', 148, 156).trim(), 8);
  let sum = 8 * 0x20;
  for (let index = 0; index < BLOCK; index++) if (index < 148 || index >= 156) sum += header[index] ?? 0;
  if (sum !== told) throw new TarError('it is no tar archive, or it is damaged');
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

function untilZero(bytes: Buffer): string {
  const zero = bytes.indexOf(0);
  return bytes.toString('latin1', 0, zero < 0 ? bytes.length : zero);
}

/** A latin1 name as people should see it. */
export function printable(name: string): string {
  return JSON.stringify(Buffer.from(name, 'latin1').toString('utf8'));
}
