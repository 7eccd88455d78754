/** Heads of tar members, in pax format: ustar fields where they suffice, an extended header where they do not. */
import type { TarEntry, TarType } from './tar-reader.ts';

/** What a head is made of; names in latin1. */
export type TarHead = Omit<TarEntry, 'offset' | 'content'>;

const BLOCK = 512;
const FLAGS: Record<TarType, string> = {
  file: '0',
  link: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** The bytes before the content. */
export function tarHead(entry: TarHead): Buffer {
  const records: [string, string][] = [];
  const fits = (text: string, room: number) => text.length <= room && /^[\x20-\x7e]*$/.test(text);
  if (!fits(entry.name, 100)) records.push(['path', entry.name]);
  if (!fits(entry.linkName, 100)) records.push(['linkpath', entry.linkName]);
  if (entry.size >= 8 ** 11) records.push(['size', String(entry.size)]);
  for (const id of ['uid', 'gid'] as const) if (entry[id] >= 8 ** 7) records.push([id, String(entry[id])]);
  if (entry.mtime < 0 || entry.mtime >= 8 ** 11 || !Number.isInteger(entry.mtime))
    records.push(['mtime', String(entry.mtime)]);
  for (const [name, value] of entry.attributes) records.push([`SCHILY.xattr.${name}`, value]);
  const head = block(entry, FLAGS[entry.type]);
  if (records.length === 0) return head;
  const body = Buffer.from(records.map(([key, value]) => record(key, value)).join(''), 'latin1');
  const extension = block({ ...entry, name: 'pax', linkName: '', size: body.length, type: 'file' }, 'x');
  return Buffer.concat([extension, body, tarPadding(body.length), head]);
}

/** The zeros after content of this size. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** The end of an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

function block(entry: TarHead, flag: string): Buffer {
  const bytes = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) => {
    const digits = length - 1;
    const fitting = value >= 0 && value < 8 ** digits ? Math.floor(value) : 0; // else a pax record tells
    bytes.write(fitting.toString(8).padStart(digits, '0'), at, 'latin1');
  };
  bytes.write(entry.name.slice(0, 100), 0, 'latin1');
  octal(entry.mode, 100, 8);
  octal(entry.uid, 108, 8);
  octal(entry.gid, 116, 8);
  octal(entry.size, 124, 12);
  octal(entry.mtime, 136, 12);
  bytes.fill(0x20, 148, 156);
  bytes.write(flag, 156, 'latin1');
  bytes.write(entry.linkName.slice(0, 100), 157, 'latin1');
  bytes.write('ustar\x0000', 257, 'latin1');
  octal(entry.major, 329, 8);
  octal(entry.minor, 337, 8);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}

/** A pax record; its length counts its own digits. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}
